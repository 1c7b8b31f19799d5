// The Worker's environment: its variables and bindings.

/**
 * @param {Record<string, unknown>} env
 * @param {string} name
 * @param {string} method
 * @returns {unknown} the binding of that name: `undefined` if it is absent, `null` if it lacks the
 *   method
 */
export function bound(env, name, method) {
  const binding = env[name] ?? undefined;
  return binding === undefined || typeof binding[method] === "function" ? binding : null;
}

/**
 * The variables and bindings of an environment.
 *
 * @param {Record<string, unknown>} env
 * @returns {{ name: string, isBinding: boolean }[]}
 */
export function variables(env) {
  /** @param {unknown} value */
  const isPlain = (value) =>
    typeof value !== "object" ||
    value === null ||
    [Object.prototype, Array.prototype, null].includes(Object.getPrototypeOf(value));
  return Object.entries(env).map(([name, value]) => ({ name, isBinding: !isPlain(value) }));
}

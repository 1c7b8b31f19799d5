// What crosses from the wasm to JavaScript, as JavaScript has it.

/** @param {string} text JSON: the protected header, the user's id, the claims */
export function result(text) {
  const [protectedHeader, id, claims] = JSON.parse(text);
  const user = { id };
  for (const name of ["uuid", "email", "name"]) {
    if (typeof claims[name] === "string") user[name] = claims[name];
  }
  user.claims = claims;
  return { payload: claims, protectedHeader, user };
}

/**
 * A function `fetch` as the host calls one.
 *
 * @param {typeof fetch} fetch
 */
export function service(fetch) {
  // called as nobody's method: a runtime's own refuses to be anybody's
  return { fetch: (url, init) => fetch(url, init) };
}

/**
 * @param {string} code
 * @param {number} status
 * @param {string} detail
 * @param {string | undefined} cause
 * @param {number | undefined} retryAfter seconds
 */
export function authError(code, status, detail, cause, retryAfter) {
  const error = cause === undefined ? Error(detail) : Error(detail, { cause: Error(cause) });
  return Object.assign(error, { code, status, retryAfter });
}

/**
 * The JSON of a value of the options; `undefined` where JSON would leave something out or write something
 * else in its place, since that may be a condition: an undefined member, a function, a `Map`, `NaN`. Only the
 * members of a rule or an issuer, which are tables in a list, may be undefined: those are optional.
 *
 * @param {unknown} value
 */
export function structured(value) {
  try {
    const json = JSON.stringify(value);
    const isWhole = Array.isArray(value)
      ? Array.from(value).every((entry) => isWritten(entry, true))
      : isWritten(value, false);
    return isWhole ? json : undefined;
  } catch {
    // a circle, or a bigint
    return undefined;
  }
}

/**
 * @param {unknown} value
 * @param {boolean} mayLack whether its own members may be undefined
 * @returns {boolean} whether JSON says all that the value does
 */
function isWritten(value, mayLack) {
  if (typeof value !== "object" || value === null) {
    return value === null || ["string", "boolean"].includes(typeof value) || Number.isFinite(value);
  }
  if (Array.isArray(value)) return Array.from(value).every((member) => isWritten(member, false));
  const isOptional = (member) => mayLack && member === undefined;
  const members = Object.values(value);
  return (
    isPlain(value) && members.every((member) => isOptional(member) || isWritten(member, false))
  );
}

/**
 * Whether an object is a table of names and values and nothing else, also one of another realm.
 *
 * @param {object} value
 */
function isPlain(value) {
  const prototype = Object.getPrototypeOf(value);
  const isRoot = prototype !== null && Object.hasOwn(prototype, "isPrototypeOf");
  return prototype === null || (isRoot && Object.getPrototypeOf(prototype) === null);
}

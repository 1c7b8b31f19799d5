/** The numbers of values that are compared by identity. */
const identities = new WeakMap<object, number>();
let next = 0;
const MAX_DEPTH = 16;

/**
 * Serializes options into a cache key: equal options have the same key, even if the caller writes
 * the object literal again for each request, and different options have different keys.
 *
 * Plain objects and arrays are compared by their members, everything else by its identity. A member
 * that is `undefined` is part of the key, because within a condition of a rule it is an error.
 *
 * @internal
 */
export function fingerprint(value: unknown, depth = 0): string {
  if (typeof value === "function") return identity(value);
  if (typeof value === "symbol") return `symbol ${String(value)}`;
  if (typeof value !== "object" || value === null) {
    return typeof value === "string" ? JSON.stringify(value) : `${typeof value} ${String(value)}`;
  }
  // the value may contain itself
  if (depth > MAX_DEPTH) return identity(value);
  const member = (member: unknown) => fingerprint(member, depth + 1);
  if (Array.isArray(value)) return `[${Array.from(value, member).join()}]`;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return identity(value);
  const members = Object.entries(value).map(
    ([name, content]) => `${JSON.stringify(name)}:${member(content)}`,
  );
  return `{${members.join()}}`;
}

function identity(value: object): string {
  const number = identities.get(value) ?? next++;
  identities.set(value, number);
  return `#${number}`;
}

/** By their identity: functions, and objects that are more than their members. */
const identities = new WeakMap<object, number>();
let next = 0;

/**
 * A text that is the same for the same options, however often these are written anew, and another for others:
 * plain objects and arrays count by what they hold, everything else by its identity.
 *
 * @internal
 */
export function fingerprint(value: unknown): string {
  if (typeof value === "function") return identity(value);
  if (typeof value === "symbol") return `symbol ${String(value)}`;
  if (typeof value !== "object" || value === null) {
    return typeof value === "string" ? JSON.stringify(value) : `${typeof value} ${String(value)}`;
  }
  if (Array.isArray(value)) return `[${value.map(fingerprint).join()}]`;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return identity(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${fingerprint(member)}`).join()}}`;
}

function identity(value: object): string {
  const number = identities.get(value) ?? next++;
  identities.set(value, number);
  return `#${number}`;
}

/** By their identity: functions, and objects that are more than their members. */
const identities = new WeakMap<object, number>();
let next = 0;
const DEEPEST = 16;

/**
 * A text that is the same for the same options, however often these are written anew, and another for others:
 * plain objects and arrays count by what they hold, everything else by its identity. A member that is undefined
 * counts too: within a condition it is a fault.
 *
 * @internal
 */
export function fingerprint(value: unknown, depth = 0): string {
  if (typeof value === "function") return identity(value);
  if (typeof value === "symbol") return `symbol ${String(value)}`;
  if (typeof value !== "object" || value === null) {
    return typeof value === "string" ? JSON.stringify(value) : `${typeof value} ${String(value)}`;
  }
  // or it goes in a circle
  if (depth > DEEPEST) return identity(value);
  const member = (member: unknown) => fingerprint(member, depth + 1);
  if (Array.isArray(value)) return `[${Array.from(value, member).join()}]`;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return identity(value);
  const members = Object.entries(value).map(
    ([name, held]) => `${JSON.stringify(name)}:${member(held)}`,
  );
  return `{${members.join()}}`;
}

function identity(value: object): string {
  const number = identities.get(value) ?? next++;
  identities.set(value, number);
  return `#${number}`;
}

// Results and errors of the wasm as JavaScript values.

/**
 * @param {string} text a JSON array of the protected header, the user's id, the claims, and the id
 *   of the user who acts as this user, or `null`
 */
export function result(text) {
  const [protectedHeader, id, claims, impersonatedBy] = JSON.parse(text);
  const user = { id };
  for (const name of ["uuid", "email", "name"]) {
    if (typeof claims[name] === "string") user[name] = claims[name];
  }
  if (impersonatedBy !== null) user.impersonatedBy = impersonatedBy;
  user.claims = claims;
  return { payload: claims, protectedHeader, user };
}

const encoder = new TextEncoder();

/**
 * Copies a text of ASCII characters.
 *
 * @param {unknown} value
 * @param {Uint8Array} bytes
 * @returns {number} the length of the text; 0 if it is empty, too long or not in ASCII, or the
 *   value is not a string
 */
export function copyAscii(value, bytes) {
  if (typeof value !== "string") return 0;
  // other characters take more bytes than `length` counts
  const { written } = encoder.encodeInto(value, bytes);
  return written === value.length ? written : 0;
}

/**
 * A service that the host can call.
 *
 * @param {typeof fetch} fetch
 */
export function service(fetch) {
  // the runtime's own fetch throws if it is called as a method
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
 * The JSON of an option. Returns `undefined` if JSON would omit or replace a part of it, which can
 * be a condition: an undefined member, a function, a `Map`, `NaN`. Only members of the entries of a
 * list, such as a rule or an issuer, may be undefined: they are optional.
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
    // a cycle or a bigint
    return undefined;
  }
}

/**
 * @param {unknown} value
 * @param {boolean} isEntry whether the value's own members may be undefined
 * @returns {boolean} whether JSON represents the whole value
 */
function isWritten(value, isEntry) {
  if (typeof value !== "object" || value === null) {
    return value === null || ["string", "boolean"].includes(typeof value) || Number.isFinite(value);
  }
  if (Array.isArray(value)) return Array.from(value).every((member) => isWritten(member, false));
  const isOptional = (member) => isEntry && member === undefined;
  const members = Object.values(value);
  return (
    isPlain(value) && members.every((member) => isOptional(member) || isWritten(member, false))
  );
}

/**
 * Whether an object is a plain object, of any realm.
 *
 * @param {object} value
 */
function isPlain(value) {
  const prototype = Object.getPrototypeOf(value);
  const isRoot = prototype !== null && Object.hasOwn(prototype, "isPrototypeOf");
  return prototype === null || (isRoot && Object.getPrototypeOf(prototype) === null);
}

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

// Edits the forwarded headers.

/**
 * @param {Headers} headers
 * @param {string} user
 * @param {string} url of the request
 */
export function editHeaders(headers, user, url) {
  for (const name of [...headers.keys()]) {
    if (REMOVED.test(name)) headers.delete(name);
  }
  const cookie = headers.get("cookie");
  if (cookie) removeSessionCookies(headers, cookie);
  headers.set("x-edge-user", user);
  if (!headers.has("x-request-id")) headers.set("x-request-id", crypto.randomUUID());
  const authority = url.indexOf("://") + "://".length;
  headers.set("x-forwarded-proto", url.slice(0, authority - "://".length));
  headers.set("x-forwarded-host", url.slice(authority, url.indexOf("/", authority)));
  const address = headers.get("cf-connecting-ip");
  if (address) headers.set("x-forwarded-for", address);
}

/** Identity and forwarding headers, with underscores too, and hop-by-hop headers. */
const REMOVED =
  /^(?:x[-_](?:edge|forwarded)[-_]|x[-_]real[-_]ip$|forwarded$|connection$|keep-alive$|proxy-|te$|trailer$)/;

/**
 * Removes Better Auth's cookies.
 *
 * @param {Headers} headers
 * @param {string} cookie
 */
function removeSessionCookies(headers, cookie) {
  const cookies = cookie.split("; ");
  const others = cookies.filter((cookie) => !/^(?:__(?:Secure|Host)-)?better-auth\./.test(cookie));
  if (others.length === 0) headers.delete("cookie");
  else if (others.length < cookies.length) headers.set("cookie", others.join("; "));
}

// The way to the origin, as lean as workerd allows.

/**
 * The same request to the origin, with these headers: its body streams, and redirects stay the client's
 * to follow.
 *
 * @param {Request} request
 * @param {string} origin its base URL
 * @param {RequestInit} [init] what is different
 */
export function toOrigin(request, origin, init) {
  const { url, method, headers } = request;
  const body = method === "GET" || method === "HEAD" ? undefined : request.body;
  // the first slash behind "https://" begins the path
  const path = url.slice(url.indexOf("/", "https://".length));
  return fetch(origin + path, { method, headers, body, redirect: "manual", ...init });
}

// Forwards requests to the upstream, with as little code as workerd allows.

/**
 * Forwards the request to the upstream. Streams the body and leaves redirects to the client.
 *
 * @param {Request} request
 * @param {string} upstream its base URL
 * @param {RequestInit} [init] changes to the request
 */
export function forward(request, upstream, init) {
  const { url, method, headers } = request;
  const body = method === "GET" || method === "HEAD" ? undefined : request.body;
  // the first slash after "https://" begins the path
  const path = url.slice(url.indexOf("/", "https://".length));
  return fetch(upstream + path, { method, headers, body, redirect: "manual", ...init });
}

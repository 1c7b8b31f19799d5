// The crossing between a Worker's request and the wasm: one string in, one string of edits out.
// Nothing here decides anything.

/**
 * A request's method, URL and headers, one to a line.
 *
 * @param {Request} request
 */
export function requestHead(request) {
  let head = `${request.method}\n${request.url}\n`;
  for (const [name, value] of request.headers) head += `${name}: ${value}\n`;
  return head;
}

/**
 * Sends a request on to another URL with its headers edited; bodies stream in both directions and
 * redirects are the client's to follow.
 *
 * @param {Request} request
 * @param {string} url
 * @param {string} edits a name to remove, or `name: value` to set, one to a line
 */
export function forwardRequest(request, url, edits) {
  const forwarded = new Request(url, request);
  for (const edit of edits.split("\n")) {
    const colon = edit.indexOf(": ");
    if (colon > 0) forwarded.headers.set(edit.slice(0, colon), edit.slice(colon + 2));
    else if (edit) forwarded.headers.delete(edit);
  }
  return fetch(forwarded, { redirect: "manual" });
}

/**
 * @param {number} status
 * @param {string} headers `name: value`, one to a line
 * @param {string} body
 */
export function makeResponse(status, headers, body) {
  const entries = headers
    .trimEnd()
    .split("\n")
    .map((line) => {
      const colon = line.indexOf(": ");
      return [line.slice(0, colon), line.slice(colon + 2)];
    });
  return new Response(body, { status, headers: new Headers(entries) });
}

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
 * @param {string} edits to the request's headers
 * @param {string} answerEdits to those of the answer
 */
export async function forwardRequest(request, url, edits, answerEdits) {
  const forwarded = new Request(url, request);
  edit(forwarded.headers, edits);
  const answer = await fetch(forwarded, { redirect: "manual" });
  if (!answerEdits) return answer;
  // the headers of what was fetched cannot be changed
  const edited = new Response(answer.body, answer);
  edit(edited.headers, answerEdits);
  return edited;
}

/**
 * @param {Headers} headers
 * @param {string} edits one to a line: a name to remove, `name: value` to set, `+name: value` to
 *   append, `?name: value` to set where there is none
 */
function edit(headers, edits) {
  for (const line of edits.split("\n")) {
    const colon = line.indexOf(": ");
    if (colon < 0) {
      if (line) headers.delete(line);
      continue;
    }
    const value = line.slice(colon + 2);
    if (line[0] === "+") headers.append(line.slice(1, colon), value);
    else if (line[0] === "?") headers.set(line.slice(1, colon), headers.get(line.slice(1, colon)) ?? value);
    else headers.set(line.slice(0, colon), value);
  }
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

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
 * @param {boolean} hasBody
 * @param {number} timeout milliseconds until an answer must have begun
 * @param {(code: string, requestId: string, page: string | undefined) => Response} failed what answers
 *   when the origin does not
 * @returns {Response | Promise<Response>}
 */
export function forwardRequest(request, url, edits, answerEdits, hasBody, timeout, failed) {
  const headers = new Headers(request.headers);
  edit(headers, edits);
  const fail = (/** @type {string} */ code) =>
    failed(code, headers.get("x-request-id"), request.headers.get("origin") ?? undefined);
  let timer;
  try {
    // a request made of another one is made twice, here and in fetch
    const answer = hasBody
      ? fetch(new Request(url, request), { headers, redirect: "manual" })
      : fetch(url, { method: request.method, headers, redirect: "manual" });
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, timeout);
    });
    return Promise.race([answer, late]).then(
      (answer) => {
        // what has begun is not cut
        clearTimeout(timer);
        if (!answer) return fail("origin_timeout");
        return answerEdits ? edited(answer, answerEdits) : answer;
      },
      () => {
        clearTimeout(timer);
        return fail("origin_unreachable");
      },
    );
  } catch {
    return fail("origin_unreachable");
  }
}

/**
 * The headers of what was fetched cannot be changed.
 *
 * @param {Response} answer
 * @param {string} edits
 */
function edited(answer, edits) {
  const response = new Response(answer.body, answer);
  edit(response.headers, edits);
  return response;
}

/**
 * @param {Headers} headers
 * @param {string} edits one to a line: a name to remove, `name: value` to set, `,name: value` to
 *   append, `?name: value` to set where there is none
 */
function edit(headers, edits) {
  for (const line of edits.split("\n")) {
    const colon = line.indexOf(": ");
    if (colon < 0) {
      if (line) headers.delete(line);
      continue;
    }
    const [sign, name, value] = [line[0], line.slice(1, colon), line.slice(colon + 2)];
    if (sign === ",") headers.append(name, value);
    else if (sign === "?") headers.set(name, headers.get(name) ?? value);
    else headers.set(sign + name, value);
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

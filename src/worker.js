// What a Worker's wasm has done with a request: one string of edits comes out of it. Nothing here decides
// anything.

import { edit } from "./host/headers.js";
import { tell } from "./host/operations.js";
import { takeFields } from "./worker/heads.js";

/**
 * @param {Record<string, unknown>} env
 * @param {string} name
 * @param {string} method
 * @returns {unknown} what is bound to that name, if anything; `null` if it lacks the method
 */
export function bound(env, name, method) {
  const binding = env[name] ?? undefined;
  return binding === undefined || typeof binding[method] === "function" ? binding : null;
}

/**
 * Sends a request on to another URL with its headers edited; bodies stream in both directions and
 * redirects are the client's to follow.
 *
 * @param {Request} request
 * @param {string} how the URL, then the edits to the request's headers, one to a line, and behind an
 *   empty line those to the headers of the answer
 * @param {boolean} isAscii whether all that was read is
 * @param {boolean} hasBody
 * @param {boolean} isPrivate whether the answer is for one user
 * @param {string | undefined} report what is told of it, if anything
 * @param {number} timeout milliseconds until an answer must have begun; 0 for no limit
 * @param {{ fetch: typeof fetch } | undefined} origin the service to send it to, in place of the network
 * @param {(code: string, requestId: string, page: string | undefined) => Response} failed what answers
 *   when the origin does not
 * @returns {Response | Promise<Response>}
 */
export function forwardRequest(
  request,
  how,
  isAscii,
  hasBody,
  isPrivate,
  report,
  timeout,
  origin,
  failed,
) {
  const end = how.indexOf("\n\n");
  const [url, ...edits] = how.slice(0, end).split("\n");
  const answerEdits = how.slice(end + 2);
  const started = report ? Date.now() : 0;
  const fail = (/** @type {string} */ code) => {
    const id = /^x-request-id: (.*)$/m.exec(how)[1];
    const answer = failed(code, id, request.headers.get("origin") ?? undefined);
    if (report) edit(answer.headers, tell(report, answer, Date.now() - started, code));
    return answer;
  };
  let timer;
  try {
    const headers = editedHeaders(request, edits, isAscii);
    // Cloudflare's cache would give one user's answer to others by its URL alone
    const cache = isPrivate ? "no-store" : undefined;
    /** @type {RequestInit} */
    const init = { headers, redirect: "manual", cache };
    // a request made of another one is made twice, here and in fetch
    if (!hasBody) init.method = request.method;
    const target = hasBody ? new Request(url, request) : url;
    const answer = origin ? origin.fetch(target, init) : fetch(target, init);
    const late = new Promise((resolve) => {
      if (timeout) timer = setTimeout(resolve, timeout);
    });
    return Promise.race([answer, late]).then(
      (answer) => {
        // what has begun is not cut
        clearTimeout(timer);
        if (!answer) return fail("origin_timeout");
        try {
          const told = report ? tell(report, answer, Date.now() - started) : "";
          return answerEdits || told ? edited(answer, answerEdits + told) : answer;
        } catch {
          // a status that no answer made here can have: 101 without a WebSocket, or 600 and above
          return fail("origin_unreachable");
        }
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
 * The headers that go to the origin. Values that are not ASCII are bytes, which only `Headers` keep.
 *
 * @param {Request} request
 * @param {string[]} edits each a name to remove, or `name: value` to set
 * @param {boolean} isAscii whether all of them are
 * @returns {Record<string, string> | Headers}
 */
function editedHeaders(request, edits, isAscii) {
  const fields = takeFields(request);
  if (!fields || !isAscii) {
    const headers = new Headers(request.headers);
    edit(headers, edits.join("\n"));
    return headers;
  }
  for (const edit of edits) {
    const colon = edit.indexOf(": ");
    if (colon < 0) delete fields[edit];
    else fields[edit.slice(0, colon)] = edit.slice(colon + 2);
  }
  return fields;
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

// How a request goes on: to another URL with other headers. Bodies stream in both directions, and redirects
// are the client's to follow.

import { edit, references } from "../runtime/headers.js";
import { endingAt } from "./websocket.js";

/**
 * Headers by their names in lower case: a plain object, because editing and sending one takes a fifth of
 * the time that `Headers` take. A header called `__proto__` gets lost, which nobody will miss.
 *
 * @typedef {Record<string, string>} Fields
 */

/**
 * Where a request goes, and what becomes of its answer.
 *
 * @typedef {object} Way
 * @property {string} url
 * @property {boolean} hasBody whether the request may have one
 * @property {RequestCache | undefined} cache
 * @property {string} answerEdits to the headers of the answer, as `edit` takes them
 * @property {number} timeout milliseconds until an answer must have begun; 0 for no limit
 * @property {{ fetch: typeof fetch } | undefined} origin the service to send it to, in place of the network
 * @property {(code: string, id: string, page: string | undefined, method: string, cause: string) => Response}
 *   failed what answers when the origin does not
 * @property {(fields: string, url: string) => string} redirect edits to what `references` gives of an answer to
 *   a request for that URL
 * @property {number | undefined} endsAt when a WebSocket ends, in seconds since 1970, if it does by itself
 * @property {((answer: Response, milliseconds: number, code?: string) => string) | undefined} tell tells of
 *   the answer, if anybody wants to know, and gives edits to its headers
 */

/**
 * @param {Request} request
 * @param {Fields | Headers} headers
 * @param {Way} way
 * @param {string} id the request's
 * @returns {Response | Promise<Response>}
 */
export function send(request, headers, way, id) {
  const { url, hasBody, cache, answerEdits, timeout, origin, failed, redirect, endsAt, tell } = way;
  const started = tell ? Date.now() : 0;
  const fail = (/** @type {string} */ code, /** @type {unknown} */ reason) => {
    const page = request.headers.get("origin") ?? undefined;
    const answer = failed(code, id, page, request.method, causeOf(request.method, url, reason));
    if (tell) edit(answer.headers, tell(answer, Date.now() - started, code));
    return answer;
  };
  let timer;
  try {
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
        if (!answer) return fail("origin_timeout", `no answer in ${timeout} ms`);
        try {
          const told = tell ? tell(answer, Date.now() - started) : "";
          const fields = references(answer.headers);
          const edits = answerEdits + (fields && redirect(fields, request.url)) + told;
          const response = edits ? edited(answer, edits) : answer;
          return endsAt && response.webSocket ? endingAt(response, endsAt) : response;
        } catch {
          // a status that no answer made here can have: 101 without a WebSocket, or 600 and above
          return fail("origin_unreachable", `it answered ${answer.status}`);
        }
      },
      (reason) => {
        clearTimeout(timer);
        return fail("origin_unreachable", reason);
      },
    );
  } catch (reason) {
    return fail("origin_unreachable", reason);
  }
}

/**
 * What was asked for in vain, and why, for the log. A query may hold what must not be logged.
 *
 * @param {string} method
 * @param {string} url
 * @param {unknown} reason
 */
function causeOf(method, url, reason) {
  const why = reason instanceof Error ? reason.message : String(reason);
  return `${method} ${url.split("?", 1)[0]}: ${why}`;
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

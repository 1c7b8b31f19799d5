// The crossing between a JavaScript host's request and the wasm: one string in, one decision out.
// Nothing here decides anything.

import { edit, references } from "../runtime/headers.js";
import { result } from "./result.js";

/**
 * A request's method, URL and headers, one to a line.
 *
 * @param {{ method: string, url: string, headers: Headers }} request
 */
export function requestHead({ method, url, headers }) {
  let head = `${method}\n${url}\n`;
  for (const [name, value] of headers) head += `${name}: ${value}\n`;
  return head;
}

/** @param {{ fault?: string }} request */
export function fault(request) {
  return request.fault;
}

/**
 * @param {{ url: string, headers: Headers }} request
 * @param {string} url where it goes
 * @param {boolean} toOrigin whether that is the origin's, and not the application's own
 * @param {string} edits of the request's headers
 * @param {string} answerEdits of those of the answer
 * @param {string | undefined} user who is calling, as `result` takes it
 */
export function admitted(request, url, toOrigin, edits, answerEdits, user) {
  const headers = new Headers(request.headers);
  edit(headers, edits);
  return {
    ok: true,
    to: toOrigin ? "origin" : "app",
    url,
    headers,
    /**
     * @param {Headers} headers of the answer
     * @param {(fields: string, url: string) => string} redirect edits to what `references` gives of an answer to
     *   a request for that URL
     */
    editAnswer(headers, redirect) {
      const fields = toOrigin ? references(headers) : "";
      edit(headers, answerEdits + (fields && redirect(fields, request.url)));
    },
    ...(user === undefined ? undefined : result(user)),
  };
}

/**
 * @param {Response} response
 * @param {string | undefined} code why, where the answer is no
 * @param {boolean} toOrigin where the request would have gone
 */
export function refused(response, code, toOrigin) {
  return { ok: false, to: toOrigin ? "origin" : "app", code, response };
}

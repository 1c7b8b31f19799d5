// Requests as text for the wasm, and its decisions as objects. Nothing here decides.

import { edit, references } from "../runtime/headers.js";
import { result } from "./result.js";

/**
 * A request's method, URL and headers, one per line.
 *
 * @param {{ method: string, url: string, headers: Headers }} request
 */
export function requestHead({ method, url, headers }) {
  let head = `${method}\n${url}\n`;
  for (const [name, value] of headers) head += `${name}: ${value}\n`;
  return head;
}

/** Why a request is malformed, if it is. @param {{ malformed?: string }} request */
export function malformed(request) {
  return request.malformed;
}

/**
 * The request's body.
 *
 * @param {{ body(): ReadableStream<Uint8Array> | null }} request
 */
export function body(request) {
  return request.body();
}

/**
 * @param {{ url: string, headers: Headers }} request
 * @param {string} url the URL to forward to
 * @param {boolean} toOrigin whether the origin server handles it, and not the application
 * @param {string} edits the edits of the request's headers
 * @param {string} responseEdits the edits of the response's headers
 * @param {string | undefined} user the user, as `result` reads it
 */
export function admitted(request, url, toOrigin, edits, responseEdits, user) {
  const headers = new Headers(request.headers);
  edit(headers, edits);
  return {
    ok: true,
    to: toOrigin ? "origin" : "app",
    url,
    headers,
    /**
     * @param {Headers} headers the response's headers
     * @param {(fields: string, url: string) => string} redirect returns edits for what `references`
     *   finds in a response to a request for that URL
     */
    editResponse(headers, redirect) {
      const fields = toOrigin ? references(headers) : "";
      edit(headers, responseEdits + (fields && redirect(fields, request.url)));
    },
    ...(user === undefined ? undefined : result(user)),
  };
}

/**
 * @param {Response} response
 * @param {string | undefined} code the error code of a rejection
 * @param {boolean} toOrigin whether the origin server would have handled it
 */
export function responded(response, code, toOrigin) {
  return { ok: false, to: toOrigin ? "origin" : "app", code, response };
}

// What a Worker's wasm asks of its host. Nothing here decides anything.

import { tell } from "../runtime/telemetry.js";

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
 * The variables of an environment, one to a line: `=` before what is a text or a table, `:` before what is
 * bound.
 *
 * @param {Record<string, unknown>} env
 */
export function variables(env) {
  /** @param {unknown} value */
  const isPlain = (value) =>
    typeof value !== "object" ||
    value === null ||
    [Object.prototype, Array.prototype, null].includes(Object.getPrototypeOf(value));
  return Object.entries(env)
    .map(([name, value]) => (isPlain(value) ? "=" : ":") + name)
    .join("\n");
}

/**
 * Sends a request on.
 *
 * @param {import("./arrival.js").Arrival} arrival
 * @param {string} how the URL, then the edits to the request's headers, one to a line, and behind an
 *   empty line those to the headers of the answer
 * @param {boolean} isAscii whether all that was read is
 * @param {boolean} hasBody
 * @param {boolean} isPrivate whether the answer is for one user
 * @param {number | undefined} pass by which the very same request may go on again, if it may
 * @param {string | undefined} report what is told of it, if anything
 * @param {number} timeout milliseconds until an answer must have begun; 0 for no limit
 * @param {import("./send.js").Way["origin"]} origin
 * @param {import("./send.js").Way["failed"]} failed
 * @param {import("./send.js").Way["redirect"]} redirect
 * @param {number | undefined} endsAt when a WebSocket ends, in seconds since 1970, if it does by itself
 * @returns {Response | Promise<Response>}
 */
export function forwardRequest(
  arrival,
  how,
  isAscii,
  hasBody,
  isPrivate,
  pass,
  report,
  timeout,
  origin,
  failed,
  redirect,
  endsAt,
) {
  const end = how.indexOf("\n\n");
  const [url, ...edits] = how.slice(0, end).split("\n");
  const answerEdits = how.slice(end + 2);
  // Cloudflare's cache would give one user's answer to others by its URL alone
  const cache = isPrivate ? "no-store" : undefined;
  const told = report && ((...answer) => tell(report, ...answer));
  const carrying = { url, hasBody, cache, timeout, origin };
  const way = { ...carrying, answerEdits, failed, redirect, endsAt, tell: told };
  return arrival.forward(edits, isAscii, way, pass);
}

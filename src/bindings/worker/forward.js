// Forwards a request to the upstream. Bodies stream in both directions, and redirects are left to
// the client.

import { edit, references } from "../runtime/headers.js";
import { first } from "../runtime/runtime.js";
import { endingAt } from "./websocket.js";

/** @typedef {import("./forward_plan.js").ForwardPlan} ForwardPlan */

/**
 * Headers by their names in lower case. A plain object takes a fifth of the time of `Headers` to
 * edit and send once. It cannot hold a header called `__proto__`, which no server uses.
 *
 * @typedef {Record<string, string>} Fields
 */

/**
 * @param {Request} request
 * @param {Fields | Headers} headers
 * @param {ForwardPlan} plan
 * @param {string} id the request's id
 * @returns {Response | Promise<Response>}
 */
export function forward(request, headers, plan, id) {
  const { url, hasBody, cache, responseEdits, timeout, endsAt } = plan;
  const { service, failed, redirect } = plan.upstream;
  const started = plan.report ? Date.now() : 0;
  const fail = (/** @type {string} */ code, /** @type {unknown} */ reason) => {
    const origin = request.headers.get("origin") ?? undefined;
    const cause = causeOf(request.method, url, reason);
    const response = failed(code, id, origin, request.method, cause, plan.trace);
    edit(response.headers, plan.writeReport(response.status, started, code));
    return response;
  };
  /** @param {Response} response */
  const respond = (response) => {
    let returned = response;
    try {
      const fields = references(response.headers);
      const edits = responseEdits + (fields && redirect(fields, plan.edge ?? request.url));
      if (edits || plan.report?.serverTiming) returned = edited(response, edits);
      if (endsAt && returned.webSocket) returned = endingAt(returned, endsAt);
    } catch {
      // no Response can have this status: 101 without a WebSocket, or 600 and above
      response.body?.cancel().catch(() => {});
      return fail("origin_unreachable", `it answered ${response.status}`);
    }
    const timing = plan.writeReport(response.status, started);
    if (timing) edit(returned.headers, timing);
    return returned;
  };
  try {
    /** @type {RequestInit} */
    const init = { headers, redirect: "manual", cache };
    // a Request made from another one is copied twice, here and in fetch
    if (!hasBody) init.method = request.method;
    const target = hasBody ? new Request(url, request) : url;
    const response = service ? service.fetch(target, init) : fetch(target, init);
    return first(response, timeout).then(
      (response) =>
        response ? respond(response) : fail("origin_timeout", `no answer in ${timeout} ms`),
      (reason) => fail("origin_unreachable", reason),
    );
  } catch (reason) {
    return fail("origin_unreachable", reason);
  }
}

/**
 * The failed request and the reason, for the log. The query is left out, because it can contain
 * secrets.
 *
 * @param {string} method
 * @param {string} url
 * @param {unknown} reason
 */
function causeOf(method, url, reason) {
  const why = reason instanceof Error ? reason.message : String(reason);
  // advice follows
  return `${method} ${url.split("?", 1)[0]}: ${why.replace(/\.$/, "")}`;
}

/**
 * A copy of a response with edited headers: those of a fetched response are immutable.
 *
 * @param {Response} response
 * @param {string} edits
 */
function edited(response, edits) {
  const copy = new Response(response.body, response);
  edit(copy.headers, edits);
  return copy;
}

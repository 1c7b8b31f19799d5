// How the edge forwards a request, as the wasm decided. The wasm sets the members of a plan that
// differ from their defaults: each one costs a call.

import { report } from "../runtime/telemetry.js";

/**
 * Returns the response if the upstream fails; `origin` is the request's `Origin` header.
 *
 * @callback Failed
 * @param {string} code
 * @param {string} id
 * @param {string | undefined} origin
 * @param {string} method
 * @param {string} cause
 * @param {string} trace what the log says about the request, as the wasm wrote it
 * @returns {Response}
 */

/** The server behind the edge, and the calls into the wasm that its responses need. */
export class Upstream {
  /**
   * @param {{ fetch: typeof fetch } | undefined} service replaces the network
   * @param {Failed} failed
   * @param {(fields: string, url: string) => string} redirect returns edits for what `references`
   *   finds in a response to a request for that URL
   */
  constructor(service, failed, redirect) {
    this.service = service;
    this.failed = failed;
    this.redirect = redirect;
  }
}

/** The plan for a request, and for equal requests after it. */
export class ForwardPlan {
  /** Whether the request can have a body. */
  hasBody = false;

  /** Whether the request's head is ASCII. */
  isAscii = true;

  /**
   * The `cache` of the subrequest. Cloudflare's cache would give one user's response to others,
   * because its key is the URL alone.
   *
   * @type {RequestCache | undefined}
   */
  cache = undefined;

  /** The id of the decision, if it can be replayed. @type {number | undefined} */
  decisionId = undefined;

  /** When the edge ends a WebSocket, in seconds since 1970. @type {number | undefined} */
  endsAt = undefined;

  /**
   * The edge's origin for the client, if the request's URL has another.
   *
   * @type {string | undefined}
   */
  edge = undefined;

  /** @type {import("../runtime/telemetry.js").ForwardReport | undefined} */
  report = undefined;

  /**
   * @param {Upstream} upstream
   * @param {string} text the URL; the trace; the edits of the request's headers, one per line;
   *   after an empty line, the edits of the response's headers
   * @param {number} timeout milliseconds until the response must begin; 0 for no limit
   */
  constructor(upstream, text, timeout) {
    const end = text.indexOf("\n\n");
    const [url, trace, ...edits] = text.slice(0, end).split("\n");
    this.upstream = upstream;
    this.url = url;
    this.trace = trace;
    this.edits = edits;
    this.responseEdits = text.slice(end + 2);
    this.timeout = timeout;
  }

  /**
   * Reports the request, if the plan has a report.
   *
   * @param {number} status of the response
   * @param {number} started when the request was forwarded, in milliseconds since 1970
   * @param {string} [code] the error's code if the response is the edge's own
   * @returns {string} an edit of the response's headers; empty for none
   */
  writeReport(status, started, code) {
    return this.report ? report(this.report, status, Date.now() - started, code) : "";
  }
}

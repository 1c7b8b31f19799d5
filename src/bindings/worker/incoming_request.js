// Incoming requests: how their heads cross to the wasm, and how a decision is replayed. The headers
// that a client repeats with each request cross once, and a request that returns is forwarded as
// before while the wasm says that its decision is valid. src/http/header_cache.rs reads the heads.

import { edit } from "../runtime/headers.js";
import { DecisionCache } from "./decision_cache.js";
import { forward } from "./forward.js";

/** @typedef {import("./forward.js").Fields} Fields */
/** @typedef {import("./forward_plan.js").ForwardPlan} ForwardPlan */

/**
 * Headers that differ between requests of one client, and between the users of equal clients. A
 * missing name only costs time.
 */
const PER_REQUEST = new Set([
  "authorization",
  "baggage",
  "content-length",
  "if-modified-since",
  "if-none-match",
  "range",
  "referer",
  "sentry-trace",
  "traceparent",
  "tracestate",
  "x-request-id",
]);

/**
 * Cloudflare gives each request another value. No setting can name this header, so the wasm never
 * reads it; the upstream receives it all the same.
 */
const RAY = "cf-ray";
const PLAIN = /^[\w-]*$/;

/**
 * The longest texts that are cached, in characters: a client's headers, and the rest of a head
 * with its token. Many short headers take more memory than their text.
 */
const MAX_COMMON = 4096;
const MAX_HEAD = 2048;
const MAX_HEADERS = 64;

/** The most clients whose headers have a number. The wasm caches as many. */
const MAX_CLIENTS = 1024;

/**
 * The numbers of the clients' headers in the wasm's header cache.
 *
 * @type {Map<string, number>}
 */
const numbers = new Map();

/** The next number. No number is used twice. */
let next = 0;

/** Decisions by the heads of their requests. */
const decisions = new DecisionCache();

/** The instance of the wasm that both caches belong to. @type {number | undefined} */
let instance;

/** Clears both caches. What they refer to is in the wasm, so it goes with its instance. */
export function clear() {
  numbers.clear();
  decisions.clear();
}

/** The number for a client's headers, which take the place of the oldest. @param {string} common */
function numbered(common) {
  // a Map's first key is its oldest
  if (numbers.size === MAX_CLIENTS) numbers.delete(numbers.keys().next().value);
  numbers.set(common, next);
  return next++;
}

/**
 * Whether Cloudflare receives this isolate's requests. Only there does `cf` name a data center, and
 * only there can no client send `cf-connecting-ip`. Other runtimes of workerd have a `cf` that
 * contains the address of the connection and nothing else. Once true, it stays true: reading `cf`
 * parses it.
 */
let isOnCloudflare = false;

/** A request and its head. */
export class IncomingRequest {
  /**
   * @param {Request} request
   * @param {number} current the instance of the wasm that will decide
   */
  constructor(request, current) {
    if (current !== instance) clear();
    instance = current;
    let own = `${request.method}\n${request.url}\n`;
    let common = "";
    /** @type {Fields} */
    const fields = {};
    // faster in workerd than a loop over the headers
    request.headers.forEach((value, name) => {
      fields[name] = value;
      if (name === RAY && PLAIN.test(value)) return;
      if (PER_REQUEST.has(name)) own += `${name}: ${value}\n`;
      else common += `${name}: ${value}\n`;
    });
    if (!isOnCloudflare && "cf-connecting-ip" in fields) {
      isOnCloudflare = typeof request.cf?.colo === "string";
    }
    own = `${isOnCloudflare ? " cf" : ""}\n${own}`;
    const number = numbers.get(common);
    this.request = request;
    this.fields = fields;
    /** The number of the common headers, then {@link own}. `undefined` without a number. */
    this.head = number === undefined ? undefined : `${number}${own}`;
    /** The host's mark, method, URL and the headers of this request alone, each on a line. */
    this.own = own;
    /** The headers that the client repeats, each on a line. */
    this.common = common;
  }

  /**
   * Forwards the request as an equal one before it, if that decision is still valid.
   *
   * @param {(id: number, now: number) => boolean} decisionIsValid `now` is in seconds since 1970
   * @returns {Promise<Response> | Response | undefined} `undefined` if the wasm must decide
   */
  replay(decisionIsValid) {
    const decision = this.head && decisions.get(this.head);
    if (!decision || !decisionIsValid(decision.id, Date.now() / 1000)) return undefined;
    const { plan } = decision;
    if (!(decision.headers instanceof Headers)) decision.headers = new Headers(decision.headers);
    const { headers } = decision;
    const id = crypto.randomUUID();
    // `forward` reads the headers before the next request can change them
    headers.set("x-request-id", id);
    if (RAY in this.fields) headers.set(RAY, this.fields[RAY]);
    else headers.delete(RAY);
    return forward(this.request, headers, plan, id);
  }

  /**
   * The head as text for the wasm's header cache. Common headers without a number are part of the
   * text, and get one.
   */
  serialize() {
    if (this.head) return this.head;
    const { own, common, fields } = this;
    const isLarge = common.length > MAX_COMMON || Object.keys(fields).length > MAX_HEADERS;
    if (isLarge) return `+${own}\n${common}`;
    const number = numbered(common);
    this.head = `${number}${own}`;
    return `+${this.head}\n${common}`;
  }

  /** The body, for the few requests whose bodies enter the wasm. */
  body() {
    return this.request.body;
  }

  /**
   * Carries out a plan.
   *
   * @param {ForwardPlan} plan
   */
  forward(plan) {
    const { fields, head, request } = this;
    const { edits, decisionId } = plan;
    const id = requestId(edits);
    if (!plan.isAscii) return forward(request, editedHeaders(request, edits), plan, id);
    for (const line of edits) {
      const colon = line.indexOf(": ");
      if (colon < 0) delete fields[line];
      else fields[line.slice(0, colon)] = line.slice(colon + 2);
    }
    if (head && head.length <= MAX_HEAD && decisionId !== undefined) {
      decisions.insert(head, { id: decisionId, headers: fields, plan });
    }
    return forward(request, fields, plan, id);
  }
}

/**
 * Values that are not ASCII are bytes, which only `Headers` preserves.
 *
 * @param {Request} request
 * @param {string[]} edits
 */
function editedHeaders(request, edits) {
  const headers = new Headers(request.headers);
  edit(headers, edits.join("\n"));
  return headers;
}

/** The id that the edits set. @param {string[]} edits */
function requestId(edits) {
  const name = "x-request-id: ";
  return edits.find((line) => line.startsWith(name)).slice(name.length);
}

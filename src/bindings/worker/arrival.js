// Requests as they come in: their heads as they cross to the wasm, and how they go on. Fields that a client
// sends again and again cross once, and a request that comes again goes on as it did before, if the wasm
// lets it pass. Nothing here decides anything; src/http/header_cache.rs says what a head looks like.

import { edit } from "../runtime/headers.js";
import { send } from "./send.js";

/** @typedef {import("./send.js").Fields} Fields */
/** @typedef {import("./send.js").Way} Way */

/**
 * A request that may pass: the number by which the wasm knows it, and how it goes on.
 *
 * @typedef {{ number: number, headers: Fields, way: Way }} Pass
 */

/** Fields that are another request's with another value; to miss one costs time and nothing else. */
const OWN = new Set([
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
 * Cloudflare gives every request another one, by which nothing is decided: no setting can name it. The
 * origin gets it all the same.
 */
const UNREAD = "cf-ray";
const PLAIN = /^[\w-]*$/;

/** Characters: longer ones are not kept, be it a client's fields or the rest of a head. */
const LONGEST_FIELDS = 4096;
const LONGEST_REST = 1024;

/** So many clients' fields are kept, and so many requests that may pass. The wasm keeps as many. */
const CLIENTS = 256;
const PASSES = 2048;

/**
 * The numbers by which the wasm has the fields of clients.
 *
 * @type {Map<string, number>}
 */
const numbers = new Map();

/** The number that is given next. None is given twice. */
let next = 0;

/**
 * By the heads of the requests.
 *
 * @type {Map<string, Pass>}
 */
const passes = new Map();

/** Forgets everything, because the wasm that it goes with is no more. */
export function forget() {
  numbers.clear();
  passes.clear();
  next = 0;
}

/**
 * Sets what a Map has not had before, in the place of the oldest where it is full.
 *
 * @template T
 * @param {Map<string, T>} map
 * @param {number} most
 * @param {string} key
 * @param {T} value
 */
function keep(map, most, key, value) {
  map.delete(key);
  // a Map's first key is its oldest
  if (map.size === most) map.delete(map.keys().next().value);
  map.set(key, value);
}

/**
 * Whether Cloudflare receives the requests of this isolate: only there `cf` names a data centre, and no client
 * can send `cf-connecting-ip`. Elsewhere workerd has a `cf` too, but nothing in it except the connection's
 * address. Once true it stays so: to read `cf` each time would parse it each time.
 */
let isOnCloudflare = false;

/** A request, and its head. */
export class Arrival {
  /** @param {Request} request */
  constructor(request) {
    let own = `${request.method}\n${request.url}\n`;
    let common = "";
    /** @type {Fields} */
    const fields = {};
    for (const [name, value] of request.headers) {
      fields[name] = value;
      if (name === UNREAD && PLAIN.test(value)) continue;
      if (OWN.has(name)) own += `${name}: ${value}\n`;
      else common += `${name}: ${value}\n`;
    }
    if (!isOnCloudflare && "cf-connecting-ip" in fields) {
      isOnCloudflare = typeof request.cf?.colo === "string";
    }
    own = `${isOnCloudflare ? " cf" : ""}\n${own}`;
    const number = numbers.get(common);
    this.request = request;
    this.fields = fields;
    /** Method, URL and headers, one to a line, those that have a number by that. */
    this.head = number === undefined ? undefined : `${number}${own}`;
    /** Behind a number: the end of its line, method, URL and the request's own headers. */
    this.own = own;
    this.common = common;
  }

  /**
   * Sends it on as the very same request was sent on before, if it still may pass.
   *
   * @param {(pass: number, now: number) => boolean} letsPass told the time in seconds since 1970
   * @returns {Promise<Response> | Response | undefined} nothing if that has to be decided anew
   */
  again(letsPass) {
    const pass = this.head && passes.get(this.head);
    if (!pass || !letsPass(pass.number, Date.now() / 1000)) return undefined;
    const { headers, way } = pass;
    const id = crypto.randomUUID();
    headers["x-request-id"] = id;
    // what is sent has been read before another request comes
    if (UNREAD in this.fields) headers[UNREAD] = this.fields[UNREAD];
    else if (UNREAD in headers) delete headers[UNREAD];
    return send(this.request, headers, way, id);
  }

  /** The head as it crosses: fields that have no number yet come with it, and have one from then on. */
  cross() {
    if (this.head) return this.head;
    const { own, common } = this;
    if (common.length > LONGEST_FIELDS) return `+${own}\n${common}`;
    const number = next++;
    keep(numbers, CLIENTS, common, number);
    this.head = `${number}${own}`;
    return `+${this.head}\n${common}`;
  }

  /**
   * Sends it on, edited.
   *
   * @param {string[]} edits to the headers, each a name to remove, or `name: value` to set
   * @param {boolean} isAscii whether all of the head is
   * @param {Way} way
   * @param {number | undefined} number by which the very same request may pass when it comes again, if it may
   */
  forward(edits, isAscii, way, number) {
    const { fields, head, request } = this;
    const id = idAmong(edits);
    if (!isAscii) return send(request, editedBytes(request, edits), way, id);
    for (const edit of edits) {
      const colon = edit.indexOf(": ");
      if (colon < 0) delete fields[edit];
      else fields[edit.slice(0, colon)] = edit.slice(colon + 2);
    }
    if (head && head.length <= LONGEST_REST && number !== undefined) {
      keep(passes, PASSES, head, { number, headers: fields, way });
    }
    return send(request, fields, way, id);
  }
}

/**
 * Values that are not ASCII are bytes, which only `Headers` keep.
 *
 * @param {Request} request
 * @param {string[]} edits
 */
function editedBytes(request, edits) {
  const headers = new Headers(request.headers);
  edit(headers, edits.join("\n"));
  return headers;
}

/** The id that a request has from now on. */
function idAmong(/** @type {string[]} */ edits) {
  const name = "x-request-id: ";
  return edits.find((edit) => edit.startsWith(name)).slice(name.length);
}

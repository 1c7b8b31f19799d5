// Requests as they come in: their heads as they cross to the wasm, and how they go on. Fields that a client
// sends again and again cross once, and a request that comes again goes on as it did before, if the wasm
// lets it pass. Nothing here decides anything; src/gateway/heads.rs says what a head looks like.

import { edit } from "../host/headers.js";
import { send } from "./send.js";

/** @typedef {import("./send.js").Fields} Fields */
/** @typedef {import("./send.js").Way} Way */

/**
 * A request that may pass: its number, and how it goes on.
 *
 * @typedef {{ number: number, headers: Fields, way: Way }} Pass
 */

/**
 * What is kept of a client: the number by which the wasm has its fields, and its requests that may pass, by
 * what else is in their heads.
 *
 * @typedef {{ number: number, passes: Map<string, Pass> }} Client
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

/** So many clients are kept, and so many requests of each. */
const CLIENTS = 256;
const REQUESTS = 8;

/** Characters: longer fields are not kept. */
const LONGEST = 4096;

/**
 * Clients by their fields.
 *
 * @type {Map<string, Client>}
 */
const clients = new Map();

/**
 * The fields of clients by their numbers.
 *
 * @type {string[]}
 */
const kept = [];

/** The number that is given next, in the place of those who have had theirs longest. */
let next = 0;

/** Forgets all clients, because the wasm that has numbers for them is there no more. */
export function forget() {
  clients.clear();
  next = kept.length = 0;
}

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
    this.request = request;
    this.fields = fields;
    this.own = own;
    this.common = common;
    this.client = clients.get(common);
  }

  /** Method, URL and headers, one to a line, behind the number of those that have one. */
  head() {
    if (this.client) return `${this.client.number}\n${this.own}`;
    this.client = keep(this.common);
    return `+${this.client?.number ?? ""}\n${this.own}\n${this.common}`;
  }

  /**
   * Sends it on as the very same request was sent on before, if it still may pass.
   *
   * @param {(pass: number, now: number) => boolean} letsPass told the time in seconds since 1970
   * @returns {Promise<Response> | Response | undefined} nothing if that has to be decided anew
   */
  again(letsPass) {
    const pass = this.client?.passes.get(this.own);
    if (!pass || !letsPass(pass.number, Date.now() / 1000)) return undefined;
    const id = crypto.randomUUID();
    const headers = { ...pass.headers, "x-request-id": id };
    const ray = this.fields[UNREAD];
    if (ray !== undefined) headers[UNREAD] = ray;
    return send(this.request, headers, pass.way, id);
  }

  /**
   * Sends it on, edited.
   *
   * @param {string[]} edits to the headers, each a name to remove, or `name: value` to set
   * @param {boolean} isAscii whether all of the head is
   * @param {Way} way
   * @param {number | undefined} pass by which the very same request goes on again, if it may
   */
  forward(edits, isAscii, way, pass) {
    const { client, fields, own, request } = this;
    if (!isAscii) return send(request, editedBytes(request, edits), way, idAmong(edits));
    for (const edit of edits) {
      const colon = edit.indexOf(": ");
      if (colon < 0) delete fields[edit];
      else fields[edit.slice(0, colon)] = edit.slice(colon + 2);
    }
    if (client && pass !== undefined) {
      const { [UNREAD]: _, ...headers } = fields;
      client.passes.delete(own);
      // a Map's first key is its oldest
      if (client.passes.size === REQUESTS) client.passes.delete(client.passes.keys().next().value);
      client.passes.set(own, { number: pass, headers, way });
    }
    return send(request, fields, way, idAmong(edits));
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

/**
 * @param {string} common
 * @returns {Client | undefined} nothing if they are too long
 */
function keep(common) {
  if (common.length > LONGEST) return undefined;
  clients.delete(kept[next]);
  const client = { number: next, passes: new Map() };
  clients.set(common, client);
  kept[next] = common;
  next = (next + 1) % CLIENTS;
  return client;
}

// Heads of requests as they cross to the wasm: fields that a client sends again and again cross once.
// Nothing here decides anything; src/gateway/heads.rs says what the text looks like.

/**
 * Headers by their names in lower case: a plain object, because editing and sending one takes a fifth of
 * the time that `Headers` take. A header called `__proto__` gets lost, which nobody will miss.
 *
 * @typedef {Record<string, string>} Fields
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

/** So many clients' fields have a number. */
const KEPT = 256;

/** Characters: longer ones are not kept. */
const LONGEST = 4096;

/**
 * The numbers by which the wasm has fields.
 *
 * @type {Map<string, number>}
 */
const numbers = new Map();

/**
 * The fields by their numbers.
 *
 * @type {string[]}
 */
const kept = [];

/** The number that is given next, in the place of those who have had theirs longest. */
let next = 0;

/**
 * What was read last: a request that is decided at once is forwarded before another is read.
 *
 * @type {{ request?: Request, fields?: Fields }}
 */
let latest = {};

/**
 * A request's method, URL and headers, one to a line, behind the number of those that have one.
 *
 * @param {Request} request
 * @param {boolean} anew whether the wasm has none of those that it should have
 */
export function requestHead(request, anew) {
  let head = `${request.method}\n${request.url}\n`;
  let common = "";
  /** @type {Fields} */
  const fields = {};
  for (const [name, value] of request.headers) {
    fields[name] = value;
    if (name === UNREAD && PLAIN.test(value)) continue;
    if (OWN.has(name)) head += `${name}: ${value}\n`;
    else common += `${name}: ${value}\n`;
  }
  latest = { request, fields };
  if (anew) {
    numbers.clear();
    next = kept.length = 0;
  }
  const number = numbers.get(common);
  if (number !== undefined) return `${number}\n${head}`;
  return `+${keep(common)}\n${head}\n${common}`;
}

/**
 * @param {string} common
 * @returns {number | ""} the number that they have from now on
 */
function keep(common) {
  if (common.length > LONGEST) return "";
  const number = next;
  numbers.delete(kept[number]);
  numbers.set(common, number);
  kept[number] = common;
  next = (next + 1) % KEPT;
  return number;
}

/**
 * @param {Request} request
 * @returns {Fields | undefined} its headers, to be changed, if it was read last
 */
export function takeFields(request) {
  const { request: read, fields } = latest;
  latest = {};
  return read === request ? fields : undefined;
}

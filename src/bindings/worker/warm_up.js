// Handles requests in the Worker's global scope, so that V8 compiles what a request calls before
// the first one arrives. V8 compiles a function when it is called for the first time, which is most
// of the time of an isolate's first request.
//
// The scope has no network, clock, timers, random numbers and responses with a body, so the key and
// the token are constants and the servers are objects. The key is the example of RFC 8037, appendix
// A. Only the deployment of the warm-up accepts it, and it ends with the warm-up.

import constants from "../runtime/warm_up.json";
import { clear } from "./incoming_request.js";

/** @typedef {import("./incoming_request.js").IncomingRequest} IncomingRequest */

const { url, keys, signingKey, token } = constants;

/**
 * @param {(request: Request, env: object, ctx: object, decide: Function) => unknown} handle passes
 *   an incoming request to `decide`
 * @param {(requests: IncomingRequest[], env: object) => unknown[]} decideAll returns the responses
 *   or promises of them
 * @param {{ criticalError: boolean }} state worker-build's
 * @returns {Promise<void>} rejected if a request cannot be handled
 */
export async function warmUp(handle, decideAll, state) {
  const env = environment();
  /** @type {IncomingRequest[]} */
  const requests = [];
  for (const authorization of [{ authorization: `Bearer ${token}` }, {}]) {
    const headers = { ...browserHeaders(), ...authorization };
    const request = new Request(`${url}/api/warm-up/tasks?page=1`, { headers });
    handle(request, env, {}, (/** @type {IncomingRequest} */ incoming) => requests.push(incoming));
  }
  // until its functions have returned: otherwise the first request instantiates the wasm again
  state.criticalError = true;
  await Promise.all(decideAll(requests, env));
  state.criticalError = false;
  clear();
}

function browserHeaders() {
  return {
    host: new URL(url).host,
    "user-agent": "warm-up",
    accept: "application/json",
    "accept-language": "en",
    "accept-encoding": "gzip, br",
    origin: url,
    "sec-fetch-mode": "cors",
    "sec-fetch-site": "same-origin",
  };
}

function environment() {
  return {
    BETTER_AUTH_URL: url,
    ORIGIN_URL: `${url}:8443`,
    USER_CLAIM: "sub",
    ROUTES: [
      { path: "/api/{user_id}/*", match: { user_id: "sub" } },
      { path: "/health", methods: ["GET"], auth: "public" },
    ],
    EDGE_SIGNING_KEY: JSON.stringify(signingKey),
    EDGE_ISSUER: url,
    LOG_LEVEL: "none",
    AUTH: new Server(keySet),
    ORIGIN: new Server(() => new Response()),
  };
}

/** A service binding. Plain objects are variables. */
class Server {
  /** @param {() => object} respond */
  constructor(respond) {
    this.respond = respond;
  }

  async fetch() {
    return this.respond();
  }
}

/** A response with the key set. A stream of the runtime is I/O, which the global scope lacks. */
function keySet() {
  const chunks = [new TextEncoder().encode(JSON.stringify(keys))];
  const read = async () => ({ done: chunks.length === 0, value: chunks.pop() });
  return { status: 200, headers: new Headers(), body: { getReader: () => ({ read }) } };
}

// The gateway as one would write it in JavaScript: this project's rules for bearer tokens and paths, its
// headers towards the origin, its time limit, no cache for what is a user's, and no more than that.

import { toOrigin } from "./forward.js";

/** @typedef {{ BETTER_AUTH_URL: string, ORIGIN_URL: string }} Env */
/** @typedef {{ uuid?: unknown }} Claims */

/** @param {(token: string, env: Env) => Claims | Promise<Claims>} verify rejects what is not good */
export function createGateway(verify) {
  return {
    /**
     * @param {Request} request
     * @param {Env} env
     */
    async fetch(request, env) {
      const token = bearer(request.headers.get("authorization"));
      if (!token) return refuse(401, "missing_token");
      let user;
      try {
        ({ uuid: user } = await verify(token, env));
      } catch {
        return refuse(401, "bad_token");
      }
      if (typeof user !== "string") return refuse(401, "missing_claim");
      const owner = ownerOf(request.url);
      if (owner !== undefined && owner !== user) return refuse(403, "user_mismatch");
      const headers = new Headers(request.headers);
      editHeaders(headers, user, request.url);
      // a user's answer is for nobody's cache
      return inTime(toOrigin(request, env.ORIGIN_URL, { headers, cache: "no-store" }));
    },
  };
}

/** @param {string | null} authorization */
function bearer(authorization) {
  return authorization?.match(/^Bearer ([^ ,]+)$/i)?.[1];
}

/** Whose path it is: the user's id in `/api/{user_id}/*`, nothing elsewhere. */
function ownerOf(/** @type {string} */ url) {
  const [, api, owner] = new URL(url).pathname.split("/");
  return api === "api" ? owner : undefined;
}

/**
 * @param {Headers} headers
 * @param {string} user
 * @param {string} url of the request
 */
function editHeaders(headers, user, url) {
  for (const name of [...headers.keys()]) {
    if (name.startsWith("x-edge-") || name.startsWith("x-forwarded-")) headers.delete(name);
  }
  headers.set("x-edge-user", user);
  if (!headers.has("x-request-id")) headers.set("x-request-id", crypto.randomUUID());
  const authority = url.indexOf("://") + "://".length;
  headers.set("x-forwarded-proto", url.slice(0, authority - "://".length));
  headers.set("x-forwarded-host", url.slice(authority, url.indexOf("/", authority)));
}

/**
 * The answer, or one that says that none has begun in time.
 *
 * @param {Promise<Response>} answer
 */
function inTime(answer) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(refuse(504, "origin_timeout")), ORIGIN_TIMEOUT);
    answer.then((response) => {
      clearTimeout(timer);
      resolve(response);
    }, reject);
  });
}

/** Milliseconds. */
const ORIGIN_TIMEOUT = 30_000;

/**
 * @param {number} status
 * @param {string} code
 */
function refuse(status, code) {
  return Response.json({ status, code }, { status });
}

// The gateway as one would write it in JavaScript, and as lean as that can be: this project's rules for
// bearer tokens, for paths and for what a client must not tell the origin, its time limit, no cache for
// what is a user's, and no more than that.

import { toOrigin } from "./forward.js";
import { editHeaders } from "./headers.js";

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
      const { pathname } = new URL(request.url);
      if (AMBIGUOUS.test(pathname)) return refuse(400, "ambiguous_path");
      const token = bearer(request.headers.get("authorization"));
      if (!token) return refuse(401, "missing_token");
      let user;
      try {
        ({ uuid: user } = await verify(token, env));
      } catch {
        return refuse(401, "bad_token");
      }
      if (typeof user !== "string") return refuse(401, "missing_claim");
      const owner = ownerOf(pathname);
      if (owner !== undefined && !isSame(owner, user)) return refuse(403, "user_mismatch");
      const headers = new Headers(request.headers);
      editHeaders(headers, user, request.url);
      // a user's answer is for nobody's cache
      return inTime(toOrigin(request, env.ORIGIN_URL, { headers, cache: "no-store" }));
    },
  };
}

/** Empty segments, and what is encoded without need: servers do not agree on what it means. */
const AMBIGUOUS = /%|\/\/|\\/;

/** @param {string | null} authorization */
function bearer(authorization) {
  return authorization?.match(/^Bearer ([^ ,]+)$/i)?.[1];
}

/** Whose path it is: the user's id in `/api/{user_id}/*`, nothing elsewhere. */
function ownerOf(/** @type {string} */ pathname) {
  const [, api, owner] = pathname.split("/");
  return api === "api" ? owner : undefined;
}

/** Two spellings of a UUID are one user. */
function isSame(/** @type {string} */ owner, /** @type {string} */ user) {
  return owner === user || (UUID.test(user) && owner.toLowerCase() === user.toLowerCase());
}

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

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

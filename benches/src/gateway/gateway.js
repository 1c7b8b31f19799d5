// A minimal gateway in JavaScript, with only this project's rules for bearer tokens, paths, removed
// headers and caches, and its upstream timeout.

import { forward } from "./forward.js";
import { editHeaders } from "./headers.js";

/** @typedef {{ BETTER_AUTH_URL: string, ORIGIN_URL: string }} Env */
/** @typedef {{ uuid?: unknown }} Claims */

/** @param {(token: string, env: Env) => Claims | Promise<Claims>} verify rejects invalid tokens */
export function createGateway(verify) {
  return {
    /**
     * @param {Request} request
     * @param {Env} env
     */
    async fetch(request, env) {
      const { pathname } = new URL(request.url);
      if (AMBIGUOUS.test(pathname)) return reject(400, "ambiguous_path");
      const token = bearer(request.headers.get("authorization"));
      if (!token) return reject(401, "missing_token");
      let user;
      try {
        ({ uuid: user } = await verify(token, env));
      } catch {
        return reject(401, "bad_token");
      }
      if (typeof user !== "string") return reject(401, "missing_claim");
      const owner = ownerOf(pathname);
      if (owner !== undefined && !isSame(owner, user)) return reject(403, "user_mismatch");
      const headers = new Headers(request.headers);
      editHeaders(headers, user, request.url);
      // caches must not store a user's response
      return withTimeout(forward(request, env.ORIGIN_URL, { headers, cache: "no-store" }));
    },
  };
}

/** Empty segments and needless encodings, which servers interpret differently. */
const AMBIGUOUS = /%|\/\/|\\/;

/** @param {string | null} authorization */
function bearer(authorization) {
  return authorization?.match(/^Bearer ([^ ,]+)$/i)?.[1];
}

/** The user's id in `/api/{user_id}/*`, undefined on other paths. */
function ownerOf(/** @type {string} */ pathname) {
  const [, api, owner] = pathname.split("/");
  return api === "api" ? owner : undefined;
}

/** Compares ids; two spellings of a UUID are equal. */
function isSame(/** @type {string} */ owner, /** @type {string} */ user) {
  return owner === user || (UUID.test(user) && owner.toLowerCase() === user.toLowerCase());
}

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/**
 * Returns the response, or 504 if it does not begin in time.
 *
 * @param {Promise<Response>} forwarded
 */
function withTimeout(forwarded) {
  return new Promise((resolve, fail) => {
    const timer = setTimeout(() => resolve(reject(504, "origin_timeout")), ORIGIN_TIMEOUT);
    forwarded.then((response) => {
      clearTimeout(timer);
      resolve(response);
    }, fail);
  });
}

/** In milliseconds. */
const ORIGIN_TIMEOUT = 30_000;

/**
 * @param {number} status
 * @param {string} code
 */
function reject(status, code) {
  return Response.json({ status, code }, { status });
}

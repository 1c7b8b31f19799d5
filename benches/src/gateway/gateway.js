// A minimal gateway in JavaScript, with only this project's rules for bearer tokens, paths, removed
// headers and caches, and its upstream timeout.

import { forward } from "./forward.js";
import { editHeaders } from "./headers.js";
import { problem } from "./problem.js";

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
      if (AMBIGUOUS.test(pathname)) return problem("ambiguous_path");
      const token = bearer(request.headers.get("authorization"));
      if (!token) return problem("missing_token");
      let user;
      try {
        ({ uuid: user } = await verify(token, env));
      } catch (error) {
        return rejection(error);
      }
      if (typeof user !== "string") return problem("invalid_claim");
      const owner = ownerOf(pathname);
      if (owner !== undefined && !isSame(owner, user)) return problem("user_mismatch");
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
    const timer = setTimeout(() => resolve(problem("origin_timeout")), ORIGIN_TIMEOUT);
    forwarded.then((response) => {
      clearTimeout(timer);
      resolve(response);
    }, fail);
  });
}

/** In milliseconds. */
const ORIGIN_TIMEOUT = 30_000;

/** The response to a token that jose rejects. @param {import("jose").errors.JOSEError} error */
function rejection({ code, payload }) {
  if (code !== "ERR_JWT_EXPIRED") return problem(CODES[code] ?? "malformed_token");
  const seconds = Math.floor(Date.now() / 1000 - payload.exp);
  return problem("expired", `the token expired ${seconds} s ago`);
}

/** The problems' codes, by jose's. */
const CODES = {
  ERR_JWKS_NO_MATCHING_KEY: "unknown_key",
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: "bad_signature",
  ERR_JWT_CLAIM_VALIDATION_FAILED: "invalid_claim",
};

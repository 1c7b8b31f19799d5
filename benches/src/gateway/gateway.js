// The gateway as one would write it in JavaScript: this project's rules for bearer tokens and paths,
// and no more than that.

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
      const forwarded = toOrigin(request, env.ORIGIN_URL);
      editHeaders(forwarded.headers, user);
      return fetch(forwarded);
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
 */
function editHeaders(headers, user) {
  for (const name of [...headers.keys()]) if (name.startsWith("x-edge-")) headers.delete(name);
  headers.set("x-edge-user", user);
  if (!headers.has("x-request-id")) headers.set("x-request-id", crypto.randomUUID());
}

/**
 * @param {number} status
 * @param {string} code
 */
function refuse(status, code) {
  return Response.json({ status, code }, { status });
}

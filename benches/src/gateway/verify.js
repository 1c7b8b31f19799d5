// Verifies a token with jose and its remote JWK Set.

import { createRemoteJWKSet, jwtVerify } from "jose";

/** @typedef {import("./gateway.js").Env} Env */

/** @type {ReturnType<typeof createRemoteJWKSet> | undefined} */
let keys;
/** @type {import("jose").JWTVerifyOptions | undefined} */
let options;

/**
 * @param {string} token
 * @param {Env} env
 */
export async function verify(token, { BETTER_AUTH_URL }) {
  keys ??= createRemoteJWKSet(new URL(`${BETTER_AUTH_URL}/api/auth/jwks`));
  options ??= {
    algorithms: ["EdDSA"],
    issuer: BETTER_AUTH_URL,
    audience: BETTER_AUTH_URL,
    requiredClaims: ["exp", "uuid"],
    clockTolerance: 5,
  };
  const { payload } = await jwtVerify(token, keys, options);
  return payload;
}

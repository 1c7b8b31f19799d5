// The gateway with jose, and a Map that keeps the tokens which it has verified.

import { createGateway } from "./gateway.js";
import { verify } from "./verify.js";

const TOKENS = 1000;
const CLOCK_TOLERANCE = 5;

/** @type {Map<string, import("jose").JWTPayload>} */
const kept = new Map();

export default createGateway((token, env) => {
  const claims = kept.get(token);
  if (claims && claims.exp > Date.now() / 1000 - CLOCK_TOLERANCE) return claims;
  return verifyAndKeep(token, env);
});

/**
 * @param {string} token
 * @param {import("./gateway.js").Env} env
 */
async function verifyAndKeep(token, env) {
  const claims = await verify(token, env);
  kept.delete(token);
  // a Map's first key is its oldest
  if (kept.size >= TOKENS) kept.delete(kept.keys().next().value);
  kept.set(token, claims);
  return claims;
}

// The gateway with jose and a Map that caches verified tokens.

import { createGateway } from "./gateway.js";
import { verify } from "./verify.js";

const TOKENS = 1000;
const CLOCK_TOLERANCE = 5;

/** @type {Map<string, import("jose").JWTPayload>} */
const cache = new Map();

export default createGateway((token, env) => {
  const claims = cache.get(token);
  if (claims && claims.exp > Date.now() / 1000 - CLOCK_TOLERANCE) return claims;
  return verifyAndCache(token, env);
});

/**
 * @param {string} token
 * @param {import("./gateway.js").Env} env
 */
async function verifyAndCache(token, env) {
  const claims = await verify(token, env);
  cache.delete(token);
  // a Map's first key is its oldest
  if (cache.size >= TOKENS) cache.delete(cache.keys().next().value);
  cache.set(token, claims);
  return claims;
}

// Stores keys outside of the isolate: in the data center's cache, and in KV if it is bound. Both
// are best effort.

import { first } from "./runtime.js";

/** @typedef {{ get: Function, put: Function } | undefined} Namespace of KV */

/** Milliseconds that a request waits for the store. */
const TIMEOUT = 250;

/**
 * @param {string} url the URL of the JWK Set
 * @param {Namespace} kv
 * @returns {Promise<Uint8Array | undefined>}
 */
export async function load(url, kv) {
  const found = await first(find(url, kv), TIMEOUT);
  return found && new Uint8Array(found);
}

/**
 * @param {string} url the URL of the JWK Set
 * @param {Uint8Array} view a view of the wasm's memory, which is copied
 * @param {number} maxAge seconds
 * @param {Namespace} kv
 */
export async function save(url, view, maxAge, kv) {
  const bytes = view.slice();
  // the request that has fetched the keys goes first
  await tried(() => new Promise((resolve) => setTimeout(resolve)));
  const headers = { "cache-control": `max-age=${maxAge}` };
  return Promise.all([
    tried(() => caches.default.put(address(url), new Response(bytes, { headers }))),
    // KV requires at least a minute
    tried(() => kv?.put(url, bytes, { expirationTtl: Math.max(maxAge, 60) })),
  ]);
}

/**
 * @param {string} url the URL of the JWK Set
 * @param {Namespace} kv
 */
async function find(url, kv) {
  const cached = await tried(async () => (await caches.default.match(address(url)))?.arrayBuffer());
  return cached ?? (await tried(() => kv?.get(url, "arrayBuffer")));
}

/**
 * The URL of the cache entry. No request can have its host (RFC 2606, section 2), so the entry is
 * never a response, and no response replaces it.
 *
 * @param {string} url the URL of the JWK Set
 */
function address(url) {
  return `https://better-auth-edge.invalid/jwks/${encodeURIComponent(url)}`;
}

/** @param {() => Promise<unknown>} work */
async function tried(work) {
  try {
    return await work();
  } catch {
    return undefined;
  }
}

// What outlives an isolate of a Worker: the data centre's cache, and KV behind it where one is bound.
// Both may be absent or fail: then nothing is found, and nothing is kept.

/** @typedef {{ get: Function, put: Function } | undefined} Namespace of KV */

/** Milliseconds that a look may take; a request waits for it. */
const PATIENCE = 250;

/**
 * @param {string} url what it is for
 * @param {Namespace} kv
 * @returns {Promise<Uint8Array | undefined>}
 */
export async function load(url, kv) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, PATIENCE);
  });
  const found = await Promise.race([find(url, kv), late]);
  clearTimeout(timer);
  return found && new Uint8Array(found);
}

/**
 * @param {string} url what it is for
 * @param {Uint8Array} view of memory that the caller takes back
 * @param {number} maxAge seconds
 * @param {Namespace} kv
 */
export function save(url, view, maxAge, kv) {
  const bytes = view.slice();
  const headers = { "cache-control": `max-age=${maxAge}` };
  return Promise.all([
    tried(() => caches.default.put(address(url), new Response(bytes, { headers }))),
    // KV keeps nothing for less than a minute
    tried(() => kv?.put(url, bytes, { expirationTtl: Math.max(maxAge, 60) })),
  ]);
}

/**
 * @param {string} url what it is for
 * @param {Namespace} kv
 */
async function find(url, kv) {
  const cached = await tried(async () => (await caches.default.match(address(url)))?.arrayBuffer());
  return cached ?? (await tried(() => kv?.get(url, "arrayBuffer")));
}

/**
 * A URL under which the cache keeps it. No request can have that host (RFC 2606, section 2), so none is
 * answered from this entry, and no answer gets into it.
 *
 * @param {string} url what it is for
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

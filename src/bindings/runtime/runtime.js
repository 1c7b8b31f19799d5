// The functions of a JavaScript runtime that the core calls. Rust decides URLs, sizes and times.

/**
 * Fetches a small document. Does not follow redirects.
 *
 * @param {string} url
 * @param {string} headers the request's headers, `name: value`, one per line
 * @param {string} names the response's headers to return, in lower case, separated by spaces
 * @param {number} maxBytes the largest body
 * @param {number} timeout milliseconds until the whole response must have arrived
 * @param {{ fetch: typeof fetch } | undefined} service replaces the network
 * @returns {Promise<Document | "too large" | "timed out" | "unreachable">}
 *
 * @typedef {{ status: number, headers: string, body: Uint8Array }} Document
 */
export async function get(url, headers, names, maxBytes, timeout, service) {
  const aborter = new AbortController();
  let timedOut = false;
  const timer = startTimer(() => {
    timedOut = true;
    aborter.abort();
  }, timeout);
  try {
    const response = await (service ?? globalThis).fetch(url, {
      headers: read(headers),
      redirect: "manual",
      signal: aborter.signal,
    });
    const { status } = response;
    const seen = pick(response.headers, names);
    if (status !== 200) {
      // the body of an error is short
      const reason = await readAtMost(response.body, 1024).catch(() => undefined);
      return { status, headers: seen, body: reason?.bytes ?? new Uint8Array() };
    }
    const { bytes, isWhole } = await readAtMost(response.body, maxBytes);
    return isWhole ? { status, headers: seen, body: bytes } : "too large";
  } catch {
    return timedOut ? "timed out" : "unreachable";
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The headers of a request, without `User-Agent` in a browser: another value than the browser's own
 * would cause a preflight request (CORS), which few servers allow.
 *
 * @param {string} text
 */
function read(text) {
  const lines = text.trim().split("\n");
  const headers = Object.fromEntries(lines.map((line) => line.split(/: (.*)/, 2)));
  if (globalThis.navigator?.userAgent?.startsWith("Mozilla/")) delete headers["user-agent"];
  return headers;
}

/**
 * @param {Headers | undefined} headers `undefined` if the caller's `fetch` returns no `Response`
 * @param {string} names
 */
function pick(headers, names) {
  let lines = "";
  for (const name of names.split(" ")) {
    const value = headers?.get?.(name);
    if (typeof value === "string") lines += `${name}: ${value}\n`;
  }
  return lines;
}

/**
 * Resumes a pending task when its promise is settled.
 *
 * @param {Promise<unknown>} promise the promise that the task awaits
 * @param {{ resume(fulfilled: boolean, value: unknown): unknown }} task
 */
export function resume(promise, task) {
  return promise.then(
    (value) => task.resume(true, value),
    (reason) => task.resume(false, reason),
  );
}

/**
 * A domain name in ASCII, as in URLs.
 *
 * @param {string} name a host without a port
 * @returns {string | undefined} `undefined` for a name that is not a domain name
 */
export function domainToAscii(name) {
  try {
    return new URL(`https://${name}`).hostname;
  } catch {
    return undefined;
  }
}

/**
 * Starts a timer, except in the global scope of a Worker, where only the warm-up runs. No timer can
 * start there.
 *
 * @param {() => void} callback
 * @param {number} milliseconds
 */
function startTimer(callback, milliseconds) {
  try {
    return setTimeout(callback, milliseconds);
  } catch {
    return undefined;
  }
}

/**
 * What a promise resolves to, or `undefined` if the time is over before. Faster than
 * `Promise.race`.
 *
 * @template T
 * @param {Promise<T>} promise
 * @param {number | undefined} timeout in milliseconds
 * @returns {Promise<T | undefined>}
 */
export function first(promise, timeout) {
  if (!timeout) return promise;
  return new Promise((resolve, reject) => {
    const timer = startTimer(() => resolve(undefined), timeout);
    promise.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (reason) => {
        clearTimeout(timer);
        reject(reason);
      },
    );
  });
}

/** @param {number} milliseconds */
export function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** @returns {number} from 0 up to 1, unpredictable */
export function random() {
  const [high, low] = crypto.getRandomValues(new Uint32Array(2));
  return ((high >>> 11) * 2 ** 32 + low) / 2 ** 53;
}

/**
 * Whether WebCrypto verifies Ed25519 faster than the wasm does for a key without tables: in
 * workerd, where it needs no other thread.
 */
export function hasFastEd25519() {
  return globalThis.navigator?.userAgent === "Cloudflare-Workers";
}

/**
 * The keys that Rust holds, by number, with what WebCrypto has imported of each, by the number of
 * an algorithm. Other requests can use it, unlike a promise, which belongs to its request.
 *
 * @type {Map<number, { jwk: string, holders: number, imported: ImportedKey[] }>}
 *
 * @typedef {{ subtle: SubtleCrypto, key: CryptoKey, verifying: string | object }} ImportedKey
 */
const heldKeys = new Map();
let lastKey = 0;

/**
 * Several holders of the same key share what is imported.
 *
 * @param {string} jwk
 * @returns {number} the key's
 */
export function holdKey(jwk) {
  for (const [number, held] of heldKeys) {
    if (held.jwk === jwk) {
      held.holders += 1;
      return number;
    }
  }
  lastKey += 1;
  heldKeys.set(lastKey, { jwk, holders: 1, imported: [] });
  return lastKey;
}

/** @param {number} number that of a key which a holder has dropped */
export function releaseKey(number) {
  const held = heldKeys.get(number);
  held.holders -= 1;
  if (held.holders === 0) heldKeys.delete(number);
}

/**
 * @param {number} number
 * @param {number} algorithm
 * @param {Uint8Array} message a view of the wasm's memory, which WebCrypto copies
 * @param {Uint8Array} signature a view of the wasm's memory
 * @returns {Promise<boolean> | undefined} `undefined` if the key must be imported first
 */
export function verify(number, algorithm, message, signature) {
  const imported = heldKeys.get(number).imported[algorithm];
  return imported?.subtle.verify(imported.verifying, imported.key, signature, message);
}

/**
 * @param {number} number
 * @param {number} algorithm
 * @param {string} name of the algorithm, as in RFC 7518
 * @param {Uint8Array} message
 * @param {Uint8Array} signature
 * @returns {Promise<boolean>} rejected if the runtime does not support the algorithm
 */
export async function importAndVerify(number, algorithm, name, message, signature) {
  const { jwk, imported } = heldKeys.get(number);
  // the wasm's memory can have other content after the import
  const copies = [signature.slice(), message.slice()];
  const { importing, verifying } = parameters[name];
  const { subtle } = crypto;
  const key = await subtle.importKey("jwk", JSON.parse(jwk), importing, false, ["verify"]);
  imported[algorithm] = { subtle, key, verifying };
  return subtle.verify(verifying, key, ...copies);
}

/**
 * The algorithms of RFC 7518, section 3.1, and RFC 8037, by WebCrypto's names. Runtimes read a text
 * faster than an object.
 */
const parameters = {
  EdDSA: { importing: "Ed25519", verifying: "Ed25519" },
  ...ecdsa("ES256", "P-256", "SHA-256"),
  ...ecdsa("ES384", "P-384", "SHA-384"),
  ...ecdsa("ES512", "P-521", "SHA-512"),
  ...rsa("256"),
  ...rsa("384"),
  ...rsa("512"),
};

/**
 * @param {string} algorithm
 * @param {string} namedCurve
 * @param {string} hash
 */
function ecdsa(algorithm, namedCurve, hash) {
  return {
    [algorithm]: {
      importing: { name: "ECDSA", namedCurve },
      verifying: { name: "ECDSA", hash },
    },
  };
}

/** @param {"256" | "384" | "512"} bits of the hash, and of the salt of PSS (RFC 7518, 3.5) */
function rsa(bits) {
  const hash = `SHA-${bits}`;
  return {
    [`RS${bits}`]: {
      importing: { name: "RSASSA-PKCS1-v1_5", hash },
      verifying: "RSASSA-PKCS1-v1_5",
    },
    [`PS${bits}`]: {
      importing: { name: "RSA-PSS", hash },
      verifying: { name: "RSA-PSS", saltLength: Number(bits) / 8 },
    },
  };
}

/**
 * @param {ReadableStream<Uint8Array> | null} stream
 * @param {number} maxBytes
 * @returns {Promise<Uint8Array>} the first bytes; the rest is not read
 */
export async function readBody(stream, maxBytes) {
  return (await readAtMost(stream, maxBytes)).bytes;
}

/**
 * @param {ReadableStream<Uint8Array> | null} stream
 * @param {number} maxBytes
 * @returns {Promise<{ bytes: Uint8Array, isWhole: boolean }>} the first bytes, if there are more
 */
async function readAtMost(stream, maxBytes) {
  const chunks = [];
  let length = 0;
  const reader = stream?.getReader();
  while (reader && length <= maxBytes) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    chunks.push(value);
  }
  const isWhole = length <= maxBytes;
  if (!isWhole) await reader.cancel();
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return { bytes: bytes.subarray(0, maxBytes), isWhole };
}

// What the core asks of a JavaScript runtime. Mechanisms only: which URL, how large and how long
// are decided in Rust.

/**
 * Gets a small document, following no redirects.
 *
 * @param {string} url
 * @param {string} accept the value of the header `Accept`
 * @param {number} maxBytes more than this is not read
 * @param {number} timeout milliseconds for the whole answer
 * @returns {Promise<{ status: number, body: Uint8Array } | "too large" | "timed out" | "unreachable">}
 */
export async function get(url, accept, maxBytes, timeout) {
  const aborter = new AbortController();
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    aborter.abort();
  }, timeout);
  try {
    const response = await fetch(url, {
      headers: { accept },
      redirect: "manual",
      signal: aborter.signal,
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      return { status: response.status, body: new Uint8Array() };
    }
    const body = await readAtMost(response.body, maxBytes);
    return body ? { status: 200, body } : "too large";
  } catch {
    return timedOut ? "timed out" : "unreachable";
  } finally {
    clearTimeout(timer);
  }
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

export function randomUuid() {
  return crypto.randomUUID();
}

/**
 * Verifies with a key that has been imported.
 *
 * @param {string} thumbprint
 * @param {string} algorithm its name in JOSE
 * @param {Uint8Array} message a view into memory that the caller takes back: WebCrypto copies it
 * @param {Uint8Array} signature likewise
 * @returns {Promise<boolean> | undefined} nothing if the key has to be imported first
 */
export function verify(thumbprint, algorithm, message, signature) {
  const { verifying, keys } = algorithms[algorithm];
  const key = keys.get(thumbprint);
  return key && crypto.subtle.verify(verifying, key, signature, message);
}

/**
 * Imports a key and keeps it under its thumbprint.
 *
 * @param {string} thumbprint
 * @param {string} algorithm
 * @param {string} jwk
 * @returns {Promise<CryptoKey>}
 */
export async function importKey(thumbprint, algorithm, jwk) {
  const { importing, keys } = algorithms[algorithm];
  const key = await crypto.subtle.importKey("jwk", JSON.parse(jwk), importing, false, ["verify"]);
  if (keys.size >= MAX_KEYS) keys.delete(keys.keys().next().value);
  keys.set(thumbprint, key);
  return key;
}

/**
 * Verifies with a key that {@link importKey} gave.
 *
 * @param {CryptoKey} key
 * @param {string} algorithm
 * @param {Uint8Array} message
 * @param {Uint8Array} signature
 * @returns {Promise<boolean>}
 */
export function verifyWith(key, algorithm, message, signature) {
  return crypto.subtle.verify(algorithms[algorithm].verifying, key, signature, message);
}

/** For each algorithm, far more than the keys of one auth server; the oldest goes first. */
const MAX_KEYS = 64;

/**
 * RFC 7518, section 3.1, in WebCrypto's words; and the keys that have been imported. Those are data,
 * not promises: a promise belongs to one request.
 */
const algorithms = {
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
      keys: new Map(),
    },
  };
}

/** @param {"256" | "384" | "512"} bits of the hash; the salt of PSS is as long (RFC 7518, 3.5) */
function rsa(bits) {
  const hash = `SHA-${bits}`;
  return {
    [`RS${bits}`]: {
      importing: { name: "RSASSA-PKCS1-v1_5", hash },
      verifying: { name: "RSASSA-PKCS1-v1_5" },
      keys: new Map(),
    },
    [`PS${bits}`]: {
      importing: { name: "RSA-PSS", hash },
      verifying: { name: "RSA-PSS", saltLength: Number(bits) / 8 },
      keys: new Map(),
    },
  };
}

/**
 * @param {ReadableStream<Uint8Array> | null} stream
 * @param {number} maxBytes
 * @returns {Promise<Uint8Array | undefined>} nothing if there is more
 */
async function readAtMost(stream, maxBytes) {
  const chunks = [];
  let length = 0;
  const reader = stream?.getReader();
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > maxBytes) {
      await reader.cancel();
      return undefined;
    }
    chunks.push(value);
  }
  const body = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.length;
  }
  return body;
}

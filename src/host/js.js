// What the core asks of a JavaScript runtime. Mechanisms only: which URL, how large and how long
// are decided in Rust.

/**
 * Gets a small document, following no redirects but one that only adds a slash to the path.
 *
 * @param {string} url
 * @param {string} accept the value of the header `Accept`
 * @param {string | undefined} cookie that of `Cookie`, if any
 * @param {number} maxBytes more than this is not read
 * @param {number} timeout milliseconds for the whole answer
 * @param {{ fetch: typeof fetch } | undefined} service by which to get it, in place of the network
 * @returns {Promise<{ status: number, body: Uint8Array } | "too large" | "timed out" | "unreachable">}
 */
export async function get(url, accept, cookie, maxBytes, timeout, service) {
  const aborter = new AbortController();
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    aborter.abort();
  }, timeout);
  try {
    const response = await fetchWithSlash(service ?? globalThis, url, {
      headers: cookie === undefined ? { accept } : { accept, cookie },
      redirect: "manual",
      signal: aborter.signal,
    });
    const { status } = response;
    if (status !== 200) {
      // a reason fits into little
      const reason = await readAtMost(response.body, 1024).catch(() => undefined);
      return { status, body: reason ?? new Uint8Array() };
    }
    const body = await readAtMost(response.body, maxBytes);
    return body ? { status, body } : "too large";
  } catch {
    return timedOut ? "timed out" : "unreachable";
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Next with `trailingSlash` answers `/token` with a redirect to `/token/`.
 *
 * @param {{ fetch: typeof fetch }} service
 * @param {string} url
 * @param {RequestInit} init
 */
async function fetchWithSlash(service, url, init) {
  const response = await service.fetch(url, init);
  const location = response.headers.get("location");
  if (location === null || response.status < 300 || response.status > 399) return response;
  const wanted = new URL(url);
  wanted.pathname += "/";
  if (new URL(location, url).href !== wanted.href) return response;
  await response.body?.cancel();
  return service.fetch(wanted.href, init);
}

/**
 * @param {Promise<unknown>} promise what a future waits for
 * @param {{ resume(fulfilled: boolean, value: unknown): unknown }} waiting goes on when it is settled
 */
export function resume(promise, waiting) {
  return promise.then(
    (value) => waiting.resume(true, value),
    (reason) => waiting.resume(false, reason),
  );
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
 * A key as WebCrypto takes it.
 *
 * @typedef {{ key: CryptoKey, verifying: object }} ImportedKey
 */

/**
 * @param {string} algorithm its name in JOSE
 * @param {string} jwk
 * @returns {Promise<ImportedKey>} rejected where the host cannot verify
 */
export async function importKey(algorithm, jwk) {
  const { importing, verifying } = parameters[algorithm];
  const key = await crypto.subtle.importKey("jwk", JSON.parse(jwk), importing, false, ["verify"]);
  return { key, verifying };
}

/**
 * @param {ImportedKey} imported
 * @param {Uint8Array} message a view into memory that the caller takes back: WebCrypto copies it
 * @param {Uint8Array} signature likewise
 * @returns {Promise<boolean>}
 */
export function verify({ key, verifying }, message, signature) {
  return crypto.subtle.verify(verifying, key, signature, message);
}

/** RFC 7518, section 3.1, in WebCrypto's words. */
const parameters = {
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

/** @param {"256" | "384" | "512"} bits of the hash; the salt of PSS is as long (RFC 7518, 3.5) */
function rsa(bits) {
  const hash = `SHA-${bits}`;
  return {
    [`RS${bits}`]: {
      importing: { name: "RSASSA-PKCS1-v1_5", hash },
      verifying: { name: "RSASSA-PKCS1-v1_5" },
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

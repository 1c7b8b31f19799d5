// What the core asks of a JavaScript runtime. Mechanisms only: which URL, how large and how long
// are decided in Rust.

/**
 * Gets a small document, following no redirects.
 *
 * @param {string} url
 * @param {string} headers of the request, `name: value`, one to a line
 * @param {string} names of the answer's headers that are wanted, in lower case, with spaces between
 * @param {number} maxBytes more than this is not read
 * @param {number} timeout milliseconds for the whole answer
 * @param {{ fetch: typeof fetch } | undefined} service by which to get it, in place of the network
 * @returns {Promise<Answer | "too large" | "timed out" | "unreachable">}
 *
 * @typedef {{ status: number, headers: string, body: Uint8Array }} Answer
 */
export async function get(url, headers, names, maxBytes, timeout, service) {
  const aborter = new AbortController();
  let timedOut = false;
  const timer = setTimeout(() => {
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
      // a reason fits into little
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
 * The headers of a request. A browser adds its own `User-Agent`: it would ask the server for permission to
 * send another one (CORS), which few servers give.
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
 * @param {Headers | undefined} headers a `fetch` of the caller's may give something else than a `Response`
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
 * A domain name in ASCII, as URLs have it.
 *
 * @param {string} name a host without a port
 * @returns {string | undefined} nothing for what is no domain name
 */
export function domainToAscii(name) {
  try {
    return new URL(`https://${name}`).hostname;
  } catch {
    return undefined;
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
 * @returns {Promise<{ bytes: Uint8Array, isWhole: boolean }>} what comes first, where there is more
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

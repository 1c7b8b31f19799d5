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

export function randomUuid() {
  return crypto.randomUUID();
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

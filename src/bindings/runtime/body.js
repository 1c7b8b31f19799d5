// Bodies that the wasm reads whole. All others stream past it.

/**
 * Reads a body up to a limit, and cancels the rest.
 *
 * @param {ReadableStream<Uint8Array> | null} stream
 * @param {number} maxBytes
 * @returns {Promise<{ bytes: Uint8Array, isWhole: boolean }>} the first bytes, if there are more
 */
export async function readAtMost(stream, maxBytes) {
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

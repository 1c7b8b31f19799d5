import { once } from "./once.ts";

/** @internal */
export const load = once(async (imports) => {
  const response = await fetch(new URL("../better_auth_edge.wasm", import.meta.url));
  if (!response.ok) throw new Error(`the wasm file cannot be fetched: status ${response.status}`);
  // not every server knows the media type that streaming asks for
  const streams = response.headers.get("content-type") === "application/wasm";
  const { instance } = streams
    ? await WebAssembly.instantiateStreaming(response, imports)
    : await WebAssembly.instantiate(await response.arrayBuffer(), imports);
  return instance;
});

// Node, and by the same condition Deno and Bun.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { once } from "./once.ts";

/** @internal */
export const load = once(async (imports) => {
  const { instance } = await WebAssembly.instantiate(await read(), imports);
  return instance;
});

/** The wasm file: beside this module, or in the installed package if a bundler has moved this module. */
async function read(): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readFile(new URL("../better_auth_edge.wasm", import.meta.url));
  } catch {
    const installed = "node_modules/better-auth-edge/dist/better_auth_edge.wasm";
    return readFile(join(process.cwd(), installed));
  }
}

// Node, and by the same condition Deno and Bun.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
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
    // as Node looks for packages, from where the process runs
    const { resolve } = createRequire(join(process.cwd(), "package.json"));
    const installed = dirname(resolve("better-auth-edge/package.json"));
    return readFile(join(installed, "dist/better_auth_edge.wasm"));
  }
}

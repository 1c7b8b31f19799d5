// Node, and by the same condition Deno and Bun.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { EdgeAuthError } from "../error.ts";
import { sharedLoader } from "./loader.ts";

/**
 * Compiles on this thread: once a process has called `fetch`, Node's `WebAssembly.compile` takes
 * fifteen times as long.
 *
 * @internal
 */
export const load = sharedLoader(async () => new WebAssembly.Module(await read()));

/** Reads the wasm file: next to this module or, if a bundler has moved it, in the package. */
async function read(): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readFile(new URL("../better_auth_edge.wasm", import.meta.url));
  } catch {
    return readInstalled();
  }
}

async function readInstalled(): Promise<Uint8Array<ArrayBuffer>> {
  try {
    // as Node looks for packages, from where the process runs
    const { resolve } = createRequire(join(process.cwd(), "package.json"));
    const installed = dirname(resolve("better-auth-edge/package.json"));
    return await readFile(join(installed, "dist/better_auth_edge.wasm"));
  } catch (cause) {
    const message =
      "the wasm file is neither beside the bundle nor in an installed package: " +
      "keep better-auth-edge external, or copy dist/better_auth_edge.wasm to one level above the bundle";
    throw new EdgeAuthError("misconfigured", 500, message, { cause });
  }
}

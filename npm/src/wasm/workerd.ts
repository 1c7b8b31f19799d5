// Cloudflare Workers compile a wasm file at deployment, and nothing at run time.
import module from "../better_auth_edge.wasm";
import type { WaitUntil } from "./glue.ts";
import { once } from "./once.ts";

/** @internal */
export const load = once((imports) => WebAssembly.instantiate(module, imports), findWaitUntil);

/**
 * The `waitUntil` of whichever request is being served: what a request has begun for all of them must not
 * end when its client hangs up. Runtimes before August 2025 have none; theirs is waited for until it must
 * have ended.
 */
async function findWaitUntil(): Promise<WaitUntil | undefined> {
  try {
    // no literal, which bundlers would try to resolve
    const workers = await import(["cloudflare", "workers"].join(":"));
    return workers.waitUntil;
  } catch {
    return undefined;
  }
}

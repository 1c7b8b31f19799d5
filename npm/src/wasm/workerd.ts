// Cloudflare Workers compile a wasm file at deployment, and nothing at run time.
import module from "../better_auth_edge.wasm";
import type { WaitUntil } from "./glue.ts";
import { loader } from "./loader.ts";

/** @internal */
export const load = loader(() => module, findWaitUntil);

/**
 * The `waitUntil` of the current request: a fetch that one request starts for all must not end when
 * its client hangs up. Runtimes before August 2025 do not have it; there, the edge waits until the
 * fetch must have timed out.
 */
async function findWaitUntil(): Promise<WaitUntil | undefined> {
  try {
    // bundlers would try to resolve a literal
    const workers = await import(["cloudflare", "workers"].join(":"));
    return workers.waitUntil;
  } catch {
    return undefined;
  }
}

import type { Glue, Load, WaitUntil } from "./glue.ts";
import { start } from "./instance.ts";

/**
 * Makes a loader that instantiates the wasm at its first call, and again after a trap.
 *
 * It does not share a promise between calls: on Workers, a promise of one request never settles in
 * another. Other runtimes have {@link sharedLoader}.
 *
 * @param compile returns the compiled wasm, which the loader keeps
 * @param findWaitUntil for runtimes whose requests end with their clients
 * @internal
 */
export function loader(
  compile: () => WebAssembly.Module | Promise<WebAssembly.Module>,
  findWaitUntil?: () => Promise<WaitUntil | undefined>,
): Load {
  let module: WebAssembly.Module | undefined;
  let glue: Glue | undefined;
  return async () => {
    if (glue && !glue.hasTrapped) return glue;
    const waitUntil = await findWaitUntil?.();
    module ??= await compile();
    const started = await start(module, waitUntil);
    // a concurrent call can have started one
    if (!glue || glue.hasTrapped) glue = started;
    return glue;
  };
}

/**
 * Makes a loader whose concurrent calls wait for one instance. A failure is not kept.
 *
 * @internal
 */
export function sharedLoader(compile: () => Promise<WebAssembly.Module>): Load {
  const load = loader(compile);
  let loading: Promise<Glue> | undefined;
  return () => {
    loading ??= load().finally(() => {
      loading = undefined;
    });
    return loading;
  };
}

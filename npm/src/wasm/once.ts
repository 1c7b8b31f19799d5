import {
  createGateway,
  createVerifier,
  imports,
  keyErrors,
  keyUrlWarning,
  start,
} from "#bindings";
import type { Glue, Load, WaitUntil } from "./glue.ts";

const glue: Glue = {
  createGateway,
  createVerifier,
  keyErrors,
  keyUrlWarning,
  waitUntil: undefined,
};

/**
 * Makes a loader that instantiates the wasm at its first call.
 *
 * It does not share a promise between calls: on Workers, a promise of one request never settles in
 * another.
 *
 * @param instantiate receives the imports of the wasm
 * @param findWaitUntil for runtimes whose requests end with their clients
 * @internal
 */
export function once(
  instantiate: (imports: WebAssembly.Imports) => Promise<WebAssembly.Instance>,
  findWaitUntil?: () => Promise<WaitUntil | undefined>,
): Load {
  let started = false;
  return async () => {
    if (!started) {
      glue.waitUntil = await findWaitUntil?.();
      const instance = await instantiate(imports);
      // a concurrent call can have started it
      if (!started) start(instance);
      started = true;
    }
    return glue;
  };
}

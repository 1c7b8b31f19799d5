import {
  createGateway,
  createVerifier,
  imports,
  keyFaults,
  keyUrlWarning,
  start,
} from "#bindings";
import type { Glue, Load, WaitUntil } from "./glue.ts";

const glue: Glue = {
  createGateway,
  createVerifier,
  keyFaults,
  keyUrlWarning,
  waitUntil: undefined,
};

/**
 * A loader that instantiates at its first call.
 *
 * The instance is kept as what it is: a promise that one request made would hang in another one on
 * Workers.
 *
 * @param instantiate given what the wasm imports
 * @param findWaitUntil where requests end with their clients
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
      // whoever came first has started it
      if (!started) start(instance);
      started = true;
    }
    return glue;
  };
}

import * as bindings from "#bindings";
import type { Load } from "./glue.ts";

/**
 * A loader that instantiates at its first call.
 *
 * The instance is kept as what it is: a promise that one request made would hang in another one on
 * Workers.
 *
 * @param instantiate given what the wasm imports
 * @internal
 */
export function once(
  instantiate: (imports: WebAssembly.Imports) => Promise<WebAssembly.Instance>,
): Load {
  let started = false;
  return async () => {
    if (!started) {
      const instance = await instantiate(bindings.imports);
      // whoever came first has started it
      if (!started) bindings.start(instance);
      started = true;
    }
    return bindings.glue;
  };
}

// The Worker's entry, around what worker-build makes. Its own entry is a class behind proxies that
// every request makes anew; this one is an object, and only a wasm that has trapped goes the long way.

import Entrypoint from "worker-build";
import { Arrival, forget } from "./arrival.js";

const { fetch, letsPass } = Entrypoint.prototype;

/** Where worker-build's entry looks whether the wasm has to be made anew. */
const state = globalThis.__worker_init_state;

export default {
  /**
   * @param {Request} request
   * @param {object} env
   * @param {ExecutionContext} ctx
   */
  fetch(request, env, ctx) {
    if (state.criticalError) {
      forget();
      // made anew by the constructor
      return new Entrypoint(ctx, env).fetch(new Arrival(request));
    }
    try {
      const arrival = new Arrival(request);
      return arrival.again(letsPass) ?? fetch.call({ env, ctx }, arrival);
    } catch (error) {
      state.criticalError = error instanceof WebAssembly.RuntimeError;
      throw error;
    }
  },
};

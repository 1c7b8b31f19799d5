// The Worker's entry. worker-build's own entry is a class that each request constructs behind
// proxies; this one is an object. It constructs that class only after the wasm has trapped.

import Entrypoint from "worker-build";
import { IncomingRequest } from "./incoming_request.js";
import { warmUp } from "./warm_up.js";

// the class of the binding REVOCATIONS; without the binding, nothing constructs it
export { Revocations } from "./revocations.js";

const { fetch, decisionIsValid, warmUp: decideAll } = Entrypoint.prototype;

/** worker-build's state, which says whether the wasm must be instantiated again. */
const state = globalThis.__worker_init_state;

/**
 * Handles a request.
 *
 * @param {Request} request
 * @param {object} env
 * @param {ExecutionContext} ctx
 * @param {(this: object, request: IncomingRequest) => unknown} decide `this` has `env` and `ctx`
 */
function handle(request, env, ctx, decide) {
  // the constructor instantiates the wasm again
  if (state.criticalError) new Entrypoint(ctx, env);
  const incoming = new IncomingRequest(request, state.instanceId);
  return incoming.replay(decisionIsValid) ?? decide.call({ env, ctx }, incoming);
}

// the Worker starts also if this fails
warmUp(handle, decideAll, state).catch(() => {});

export default {
  /**
   * @param {Request} request
   * @param {object} env
   * @param {ExecutionContext} ctx
   */
  fetch(request, env, ctx) {
    return handle(request, env, ctx, fetch);
  },
};

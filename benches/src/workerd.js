// The benchmark host in workerd.

import { createHost } from "./host.js";
import module from "./index_bg.wasm";
import { instantiate, ours } from "./ours.js";
import { peers } from "./peers.js";

/** @type {ReturnType<typeof createHost> | undefined} */
let handle;

export default {
  /**
   * @param {Request} request
   * @param {{ MATERIAL: import("./material.js").KeyMaterial[] }} env
   */
  async fetch(request, env) {
    handle ??= createHost(env.MATERIAL, { ...ours, ...peers }, () => instantiate(module));
    return new Response(await handle(request.url));
  },
};

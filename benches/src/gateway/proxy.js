// A Worker that forwards every request unchecked: the upper bound for every gateway.

import { forward } from "./forward.js";

export default {
  /**
   * @param {Request} request
   * @param {{ ORIGIN_URL: string }} env
   */
  fetch(request, env) {
    return forward(request, env.ORIGIN_URL);
  },
};

// A Worker that sends everything on and looks at nothing: what no gateway can be faster than.

import { toOrigin } from "./forward.js";

export default {
  /**
   * @param {Request} request
   * @param {{ ORIGIN_URL: string }} env
   */
  fetch(request, env) {
    return toOrigin(request, env.ORIGIN_URL);
  },
};

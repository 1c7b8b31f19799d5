// A Worker that is asked for a file of vectors by its path and answers with the report.

import { initSync, judge } from "./host_vectors.js";
import module from "./index_bg.wasm";

initSync({ module });

export default {
  /** @param {Request} request */
  async fetch(request) {
    const report = await judge(new URL(request.url).pathname.slice(1));
    return new Response(report, { status: report ? 200 : 404 });
  },
};

// Runs vector files in a Worker: the path is a file name, and the response body is the report.

import { initSync, runFile } from "./host_vectors.js";
import module from "./index_bg.wasm";

initSync({ module });

export default {
  /** @param {Request} request */
  async fetch(request) {
    const report = await runFile(new URL(request.url).pathname.slice(1));
    return new Response(report, { status: report ? 200 : 404 });
  },
};

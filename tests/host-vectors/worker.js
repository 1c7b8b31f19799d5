// Runs vector files in a Worker: the path is a file name, or `compare`, and the response body is
// the report.

import { compare, initSync, runFile } from "./host_vectors.js";
import module from "./index_bg.wasm";

initSync({ module });

export default {
  /** @param {Request} request */
  async fetch(request) {
    const name = new URL(request.url).pathname.slice(1);
    const report = name === "compare" ? await compare() : await runFile(name);
    return new Response(report, { status: report ? 200 : 404 });
  },
};

// Runs vector files in Node: the arguments are file names, or `compare`, and each report is one
// line of output.

import { readFileSync } from "node:fs";
import { compare, initSync, runFile } from "./host_vectors.js";

initSync({ module: readFileSync(new URL("index_bg.wasm", import.meta.url)) });

for (const name of process.argv.slice(2)) {
  console.log(name === "compare" ? await compare() : await runFile(name));
}

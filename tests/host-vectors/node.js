// A program for Node: names of files of vectors in, a line with each one's report out.

import { readFileSync } from "node:fs";
import { initSync, judge } from "./host_vectors.js";

initSync({ module: readFileSync(new URL("index_bg.wasm", import.meta.url)) });

for (const name of process.argv.slice(2)) {
  console.log(await judge(name));
}

// Writes `bindings.js` beside wasm-bindgen's glue: all of it as one module that says what the wasm
// imports, and how it is started, which gives its memory. No bundler and no runtime has to know how to
// import wasm for it.
//
// usage: node bindings.js <the directory of index_bg.js and names.json>

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const directory = process.argv[2];
const { imports, exports } = JSON.parse(readFileSync(join(directory, "names.json"), "utf8"));
const modules = [...new Set(imports.map(([module]) => module))];
const lines = [
  'import * as glue from "./index_bg.js";',
  ...modules.map((name, i) => `import * as module${i} from "${name}";`),
  'export * from "./index_bg.js";',
  "",
  "export const imports = {",
  "  a: {",
  ...imports.map(([name, was, is]) => `    ${is}: module${modules.indexOf(name)}.${was},`),
  "  },",
  "};",
  "",
  "export function start({ exports }) {",
  "  const wasm = {",
  ...exports.map(([was, is]) => `    ${was}: exports.${is},`),
  "  };",
  "  glue.__wbg_set_wasm(wasm);",
  "  wasm.__wbindgen_start();",
  "  return wasm.memory;",
  "}",
  "",
];
writeFileSync(join(directory, "bindings.js"), lines.join("\n"));

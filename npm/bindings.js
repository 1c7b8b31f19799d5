// Writes `bindings.js` beside wasm-bindgen's glue: all of it as one module that says what the wasm
// imports and how it is started. No bundler and no runtime has to know how to import wasm for it.
//
// usage: node bindings.js <the directory of index_bg.js and index_bg.wasm>

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const directory = process.argv[2];
const module = new WebAssembly.Module(readFileSync(join(directory, "index_bg.wasm")));
const imported = [...new Set(WebAssembly.Module.imports(module).map((one) => one.module))];
const lines = [
  'import * as glue from "./index_bg.js";',
  ...imported.map((name, i) => `import * as module${i} from "${name}";`),
  'export * from "./index_bg.js";',
  "export { glue };",
  "",
  "export const imports = {",
  ...imported.map((name, i) => `  "${name}": module${i},`),
  "};",
  "",
  "export function start({ exports }) {",
  "  glue.__wbg_set_wasm(exports);",
  "  exports.__wbindgen_start();",
  "}",
  "",
];
writeFileSync(join(directory, "bindings.js"), lines.join("\n"));

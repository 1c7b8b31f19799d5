// Writes `bindings.js` beside wasm-bindgen's glue: one module that says what the wasm imports, and
// how to start it. With it, neither a bundler nor a runtime has to know how to import wasm.
//
// usage: node bindings.js <the directory of index_bg.js and index_bg.wasm>

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const directory = process.argv[2];
const wasm = new WebAssembly.Module(readFileSync(join(directory, "index_bg.wasm")));
const imports = WebAssembly.Module.imports(wasm);
const names = [...new Set(imports.map(({ module }) => module))];
const modules = names.map((module, i) => ({
  module,
  name: `module${i}`,
  members: imports.filter((member) => member.module === module),
}));
const lines = [
  'import * as glue from "./index_bg.js";',
  ...modules.map(({ module, name }) => `import * as ${name} from "${module}";`),
  'export * from "./index_bg.js";',
  "",
  "export const imports = {",
  ...modules.flatMap(({ module, members, name: from }) => [
    `  "${module}": {`,
    ...members.map(({ name }) => `    ${name}: ${from}.${name},`),
    "  },",
  ]),
  "};",
  "",
  "/** Starts the wasm and returns its memory. */",
  "export function start({ exports }) {",
  "  glue.__wbg_set_wasm(exports);",
  "  exports.__wbindgen_start();",
  "  return exports.memory;",
  "}",
  "",
];
writeFileSync(join(directory, "bindings.js"), lines.join("\n"));

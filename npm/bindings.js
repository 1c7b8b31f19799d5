// Writes `bindings.js` beside wasm-bindgen's glue: one module that says what the wasm imports, and
// how to start it. With it, neither a bundler nor a runtime has to know how to import wasm.
//
// wasm-bindgen's glue is a module, which serves one instance of the wasm. Here it is the body of a
// function, so that an instance which replaces another has glue of its own: what is left of the
// other one, such as a promise that settles later, cannot call it.
//
// usage: node bindings.js <the directory of index_bg.js and index_bg.wasm>

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const OWN = "./index_bg.js";

const directory = process.argv[2];
const wasm = new WebAssembly.Module(readFileSync(join(directory, "index_bg.wasm")));
const glue = readFileSync(join(directory, OWN), "utf8");
const imports = WebAssembly.Module.imports(wasm);
const names = [...new Set(imports.map(({ module }) => module))];
const modules = names.map((module, i) => ({
  module,
  name: `module${i}`,
  members: imports.filter((member) => member.module === module),
}));
const others = modules.filter(({ module }) => module !== OWN);
const exported = [...glue.matchAll(/^export function (\w+)/gm)].map(([, name]) => name);
const functions = exported.filter((name) => !name.startsWith("__wb"));
const lines = [
  ...(glue.match(/^import .*;$/gm) ?? []),
  ...others.map(({ module, name }) => `import * as ${name} from "${module}";`),
  "",
  "/** Makes the glue of one instance. */",
  "export function bind() {",
  glue.replaceAll(/^import .*;$/gm, "").replaceAll(/^export (?=class|function)/gm, ""),
  "const imports = {",
  ...modules.flatMap(({ module, members, name: from }) => [
    `  "${module}": {`,
    ...members.map(({ name }) =>
      module === OWN ? `    ${name},` : `    ${name}: ${from}.${name},`,
    ),
    "  },",
  ]),
  "};",
  "",
  "/** Starts the instance and returns its memory. */",
  "function start({ exports }) {",
  "  __wbg_set_wasm(exports);",
  "  exports.__wbindgen_start();",
  "  return exports.memory;",
  "}",
  "",
  `return { imports, start, ${functions.join(", ")} };`,
  "}",
  "",
];
writeFileSync(join(directory, "bindings.js"), lines.join("\n"));

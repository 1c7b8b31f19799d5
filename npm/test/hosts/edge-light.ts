import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { EdgeVM } from "@edge-runtime/vm";
import type { Plugin } from "esbuild";
import type { Case } from "../cases.ts";
import { bundle, WASM } from "./bundle.ts";
import type { Outcome } from "./judge.ts";

/** In the sandbox that Next's edge runtime is made of, bundled by its condition. */
export async function onEdgeLight(cases: Case[], keys: string): Promise<Outcome[][]> {
  const script = await bundle("global.ts", ["edge-light"], { format: "iife", plugins: [AS_NEXT] });
  const module = await WebAssembly.compile(await readFile(WASM));
  const vm = new EdgeVM({ extend: (context) => Object.assign(context, { [BINDING]: module }) });
  // as in Next: where this is true, a check by instanceof fails
  assert(!vm.evaluate(`${BINDING} instanceof WebAssembly.Module`), "the module is of this realm");
  vm.evaluate(script);
  const said = `judge(${JSON.stringify(cases)}, ${JSON.stringify(keys)}).then(JSON.stringify)`;
  return JSON.parse(await vm.evaluate(said));
}

const BINDING = "wasm_better_auth_edge";

/** Next compiles what is imported with `?module` outside of the sandbox, and hands it in as a global. */
const AS_NEXT: Plugin = {
  name: "wasm?module as a global",
  setup(build) {
    build.onResolve({ filter: /\.wasm\?module$/ }, ({ path }) => ({ path, namespace: "binding" }));
    build.onLoad({ filter: /.*/, namespace: "binding" }, () => ({
      contents: `export default ${BINDING};`,
    }));
  },
};

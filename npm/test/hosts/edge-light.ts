import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { EdgeVM } from "@edge-runtime/vm";
import type { Plugin } from "esbuild";
import type { Case } from "../cases.ts";
import { bundle, WASM } from "./bundle.ts";
import type { Outcome } from "./judge.ts";

/** Runs the cases in the sandbox of Next's edge runtime, bundled with its condition. */
export async function onEdgeLight(cases: Case[], keys: string): Promise<Outcome[][]> {
  const script = await bundle("global.ts", ["edge-light"], { format: "iife", plugins: [AS_NEXT] });
  const module = await WebAssembly.compile(await readFile(WASM));
  const vm = new EdgeVM({ extend: (context) => Object.assign(context, { [BINDING]: module }) });
  // as in Next: the module is of another realm, in which `instanceof` is false
  assert(!vm.evaluate(`${BINDING} instanceof WebAssembly.Module`), "the module is of this realm");
  vm.evaluate(script);
  const call = `judge(${JSON.stringify(cases)}, ${JSON.stringify(keys)}).then(JSON.stringify)`;
  return JSON.parse(await vm.evaluate(call));
}

const BINDING = "wasm_better_auth_edge";

/** Next compiles a `?module` import outside of the sandbox and passes it in as a global. */
const AS_NEXT: Plugin = {
  name: "wasm?module as a global",
  setup(build) {
    build.onResolve({ filter: /\.wasm\?module$/ }, ({ path }) => ({ path, namespace: "binding" }));
    build.onLoad({ filter: /.*/, namespace: "binding" }, () => ({
      contents: `export default ${BINDING};`,
    }));
  },
};

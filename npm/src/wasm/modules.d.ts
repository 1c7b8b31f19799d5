// Wasm files as modules: their default export is compiled already.

declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}

declare module "*.wasm?module" {
  const module: WebAssembly.Module;
  export default module;
}

/** `target/javascript/bindings.js`, as `npm/bindings.js` makes it. */
declare module "#bindings" {
  /** What the wasm imports. */
  export const imports: WebAssembly.Imports;
  /** Has the glue call this instance from now on. */
  export function start(instance: WebAssembly.Instance): WebAssembly.Memory;
  type Glue = import("./glue.ts").Glue;
  export const createGateway: Glue["createGateway"];
  export const createVerifier: Glue["createVerifier"];
  export const keyFaults: Glue["keyFaults"];
  export const keyUrlWarning: Glue["keyUrlWarning"];
}

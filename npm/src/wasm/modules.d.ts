// Wasm files as modules: their default export is compiled already.

declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}

declare module "*.wasm?module" {
  const module: WebAssembly.Module;
  export default module;
}

/** `target/javascript`, as `build.js` makes it. */
declare module "#bindings" {
  import type { WasmGateway, WasmVerifier } from "./glue.ts";

  /** What the wasm imports. */
  export const imports: WebAssembly.Imports;
  /** Has the glue call this instance from now on. */
  export function start(instance: WebAssembly.Instance): void;
  export function createVerifier(options: object): WasmVerifier;
  export function createGateway(options: object): WasmGateway;
  export function keyFaults(set: string): string;
}

// Wasm files as modules: their default export is the compiled module.

declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}

declare module "*.wasm?module" {
  const module: WebAssembly.Module;
  export default module;
}

/** The key and the token of warm-ups. */
declare module "*/warm_up.json" {
  const constants: { url: string; keys: object; signingKey: object; token: string };
  export default constants;
}

/** `target/javascript/bindings.js`, which `npm/bindings.js` writes. */
declare module "#bindings" {
  /** The imports of the wasm. */
  export const imports: WebAssembly.Imports;
  /** Starts an instance, which the glue calls from then on. */
  export function start(instance: WebAssembly.Instance): WebAssembly.Memory;
  type Glue = import("./glue.ts").Glue;
  export const createGateway: Glue["createGateway"];
  export const createVerifier: Glue["createVerifier"];
  export const keyErrors: Glue["keyErrors"];
  export const keyUrlWarning: Glue["keyUrlWarning"];
}

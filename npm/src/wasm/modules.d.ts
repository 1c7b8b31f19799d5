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
  type Bindings = import("./glue.ts").Functions & {
    /** The imports of the wasm. */
    imports: WebAssembly.Imports;
    /** Starts an instance, which the glue calls from then on. */
    start(instance: WebAssembly.Instance): WebAssembly.Memory;
  };
  /** Makes the glue of one instance. */
  export function bind(): Bindings;
}

/**
 * What the wasm and wasm-bindgen's glue give: `src/bindings/javascript/` of the Rust core. Errors are plain, with
 * `code`, `status`, and `cause` and `retryAfter` where they are known.
 *
 * @internal
 */
export interface Glue {
  createVerifier(options: object): WasmVerifier;
  createGateway(options: object): WasmGateway;
  /**
   * Why each entry of a JWK Set is ignored: `:`, then a comma and a letter for each, with the member that is
   * wrong; empty where it is no set.
   */
  keyFaults(set: string): string;
  /** Why keys that are fetched from a base URL may be another's, as a sentence. */
  keyUrlWarning(url: string): string | undefined;
  /** The runtime's own, where it has one for whichever request is being served. */
  waitUntil: WaitUntil | undefined;
}

/**
 * Has the runtime go on with a task after the answer, or after the client has hung up.
 *
 * @internal
 */
export type WaitUntil = (task: Promise<unknown>) => void;

/** @internal */
export interface WasmGateway {
  /** A {@link Decision}, or the promise of one. */
  decide(request: object, waitUntil: WaitUntil | undefined): unknown;
  /** Edits to the headers of the origin's answer that name it as the place to go on to. */
  redirectEdits(fields: string, url: string): string;
}

/** @internal */
export interface WasmVerifier {
  verify(token: unknown): Promise<unknown>;
  setWaitUntil(waitUntil: WaitUntil | undefined): void;
  /** Milliseconds since 1970, in place of the runtime's clock. */
  setClock(clock: () => number): void;
}

/**
 * What every runtime's loader exports: the started wasm. It is compiled when this is first called,
 * once; a load that failed is tried again by the next call.
 *
 * @internal
 */
export type Load = () => Promise<Glue>;

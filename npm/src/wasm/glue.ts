/**
 * The functions of the wasm: `src/bindings/javascript/` of the Rust core. Errors have `code` and
 * `status`, and `cause` and `retryAfter` if they are known.
 *
 * @internal
 */
export interface Functions {
  createVerifier(options: object): WasmVerifier;
  createGateway(options: object, verifierOptions: object | undefined): WasmGateway;
  /**
   * The errors of the keys in a JWK Set, in its order, `null` for a usable key. `undefined` for a
   * text that is not a JWK Set.
   */
  keyErrors(set: string): (KeyError | null)[] | undefined;
  /** The warning about a base URL from which keys could be intercepted, as a sentence. */
  keyUrlWarning(url: string): string | undefined;
}

/**
 * An instance of the wasm.
 *
 * After a trap (the memory is exhausted, the stack has overflowed), every call of its functions and
 * objects fails with `edge_unavailable`, and those that wait do too.
 *
 * @internal
 */
export interface Glue extends Functions {
  /** The runtime's own function for the current request, if it has one. */
  readonly waitUntil: WaitUntil;
  readonly hasTrapped: boolean;
}

/**
 * Why the verifier ignores a key.
 *
 * @internal
 */
export interface KeyError {
  code:
    | "unknown_type"
    | "wrong_form"
    | "private"
    | "not_for_verifying"
    | "contradictory"
    | "weak_point"
    | "weak_rsa";
  /** The member that is missing or invalid. */
  member: string | null;
}

/**
 * Keeps a task alive after the response, or after the client has hung up.
 *
 * @internal
 */
export type WaitUntil = (task: Promise<unknown>) => void;

/**
 * An object of the wasm that a warm-up can use.
 *
 * @internal
 */
export interface Warmable {
  /** Must be called before the first use. The object may then serve no request. */
  setForWarmUp(): void;
  /** Releases its memory. */
  free(): void;
}

/** @internal */
export interface WasmGateway extends Warmable {
  /** A {@link Decision}, or the promise of one. */
  decide(request: object, waitUntil: WaitUntil | undefined): unknown;
  /** Edits of the headers of a response that redirects to the upstream. */
  redirectEdits(fields: string, url: string): string;
}

/** @internal */
export interface WasmVerifier extends Warmable {
  verify(token: unknown): Promise<unknown>;
  setWaitUntil(waitUntil: WaitUntil | undefined): void;
  /** Milliseconds since 1970, in place of the runtime's clock. */
  setClock(clock: () => number): void;
}

/**
 * Returns the started wasm. Each runtime's loader exports this function. The first call compiles
 * the wasm; after a failure, the next call tries again. After a trap, it starts another instance.
 *
 * @internal
 */
export type Load = () => Promise<Glue>;

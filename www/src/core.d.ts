/** The glue that wasm-bindgen generates for the core with the feature `inspector`. */
declare module "core" {
  type Explanation = import("./explanation.js").Explanation;

  /** Compiles the wasm at that URL. */
  export default function init(options: { module_or_path: URL }): Promise<unknown>;

  /**
   * Explains how a verifier with these options decides about a token.
   *
   * @param options those of `createVerifier`
   * @param jwks a JWK Set as text, in place of the option
   * @returns the explanation, with header and claims as JSON
   * @throws an `Error` with `code` `misconfigured`, whose message lists every setting error
   */
  export function explain(
    options: object,
    jwks: string | undefined,
    token: string,
  ): Promise<
    Omit<Explanation, "header" | "claims"> & { header: string | null; claims: string | null }
  >;
}

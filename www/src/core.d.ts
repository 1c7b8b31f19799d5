/** The glue that wasm-bindgen makes of the core with the feature `inspector`. */
declare module "core" {
  /** Compiles the wasm at that URL. */
  export default function init(options: { module_or_path: URL }): Promise<unknown>;

  /**
   * Explains what a verifier with these options says to a token.
   *
   * @param options those of `createVerifier`
   * @param jwks a JWK Set as text, in place of the option
   * @returns the JSON of an `Explanation`
   * @throws an `Error` with `code` `misconfigured`, whose message lists every fault
   */
  export function explain(
    options: object,
    jwks: string | undefined,
    token: string,
  ): Promise<string>;
}

/**
 * The glue that wasm-bindgen generates for the core with the feature `inspector`. The types are
 * those of `src/bindings/javascript/explain.rs`.
 */
declare module "core" {
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
  ): Promise<Explanation<string>>;

  export interface Explanation<Part = Members> {
    /** The error code of the rejection; `null` for an accepted token. */
    code: string | null;
    /** The HTTP status. */
    status: number | null;
    title: string | null;
    detail: string | null;
    /** Why the keys could not be fetched. */
    cause: string | null;
    user: string | null;
    /** Seconds since 1970. */
    now: number;
    /** Seconds. */
    tolerance: number;
    checks: Check[];
    /** `null` if it could not be parsed. */
    header: Part | null;
    /** `null` if they could not be parsed. */
    claims: Part | null;
    /** The URL of the keys. */
    source: string | null;
    keys: Key[];
    /** Why the core ignores entries of the set. */
    unusable: string[];
  }

  export type Members = Record<string, unknown>;

  /**
   * The result of a check. A check that was not reached has no effect, but the core may still have
   * evaluated it.
   */
  export type Outcome = "passed" | "failed" | "not_reached" | "would_pass" | "would_fail";

  export interface Check {
    /** A stable identifier. */
    name: string;
    /** The part of the token that contains its members. */
    in: "header" | "claims";
    outcome: Outcome;
    /** The error code of a check that failed or would fail. */
    code: string | null;
    /** The message of that error. */
    detail: string | null;
    /** The header members or claims that it checks. */
    members: string[];
    /** The rule in words. */
    expected: string;
  }

  /** A usable key of the set. */
  export interface Key {
    kid: string | null;
    kty: string;
    /** The curve, or the length of the modulus. */
    size: string;
    alg: string | null;
    /** RFC 7638. */
    thumbprint: string;
    /** Whether the signature was verified with it. */
    used: boolean;
  }
}

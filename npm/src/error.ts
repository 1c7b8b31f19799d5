/**
 * Why the edge says no.
 *
 * The codes are the same in Rust, in JavaScript, in Python and in the Worker's problem responses:
 * `docs/errors.md` says for each what it means and what to do about it. Codes are stable, messages
 * are not.
 *
 * @example
 * ```ts
 * try {
 *   await verifier.verify(token);
 * } catch (error) {
 *   if (error instanceof EdgeAuthError && error.code === "expired") await renewToken();
 *   else throw error;
 * }
 * ```
 */
export class EdgeAuthError extends Error {
  static {
    // traces and `console.log` show it, and minifying takes it away; a static field is minified wrongly by SWC
    Object.defineProperty(EdgeAuthError, "name", { value: "EdgeAuthError" });
  }

  override readonly name = "EdgeAuthError";
  /** What went wrong, for programs: `expired`, `audience_mismatch`, … */
  readonly code: EdgeAuthErrorCode;
  /** The HTTP status that fits: 401 or 403 for the caller's fault, 5xx for ours. */
  readonly status: number;
  /** Seconds until another try makes sense, where the fault will pass: `keys_unavailable`. */
  readonly retryAfter?: number;

  /**
   * @param code for programs
   * @param status the HTTP status that fits
   * @param message for people: what is wrong here. It never holds a token or an unverified claim
   * @param details `cause`: why, where something else failed first; `retryAfter` in seconds
   */
  constructor(
    code: EdgeAuthErrorCode,
    status: number,
    message: string,
    details: { cause?: unknown; retryAfter?: number | undefined } = {},
  ) {
    const { cause, retryAfter } = details;
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
    this.status = status;
    if (retryAfter !== undefined) this.retryAfter = retryAfter;
  }
}

/** The codes of `docs/errors.md`. */
export type EdgeAuthErrorCode =
  | "ambiguous_path"
  | "malformed_request"
  | "missing_token"
  | "opaque_token"
  | "malformed_token"
  | "token_too_large"
  | "wrong_token_type"
  | "unsupported_algorithm"
  | "unknown_key"
  | "bad_signature"
  | "expired"
  | "not_yet_valid"
  | "issuer_mismatch"
  | "audience_mismatch"
  | "missing_claim"
  | "invalid_claim"
  | "user_mismatch"
  | "insufficient_claims"
  | "insufficient_scope"
  | "cross_site_request"
  | "rate_limited"
  | "misconfigured"
  | "origin_unreachable"
  | "origin_timeout"
  | "keys_unavailable"
  // later versions may know more
  | (string & {});

/**
 * What the wasm threw, as an {@link EdgeAuthError}; whatever is not the wasm's own refusal as it is.
 *
 * @internal
 */
export function toEdgeAuthError(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || thrown instanceof EdgeAuthError) return thrown;
  const { code, status, retryAfter } = thrown as {
    [name in "code" | "status" | "retryAfter"]?: unknown;
  };
  if (typeof code !== "string" || typeof status !== "number") return thrown;
  return new EdgeAuthError(code, status, thrown.message, {
    cause: thrown.cause,
    retryAfter: typeof retryAfter === "number" ? retryAfter : undefined,
  });
}

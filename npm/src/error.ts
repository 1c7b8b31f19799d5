/**
 * A rejection by the edge, or an error in its options.
 *
 * The codes are the same in Rust, JavaScript, Python and the Worker's problem responses.
 * `docs/errors.md` explains what each code means and what to do about it. Codes are stable;
 * messages are not.
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
    // Stack traces show the name, and minifiers remove it. SWC minifies a static field wrongly.
    Object.defineProperty(EdgeAuthError, "name", { value: "EdgeAuthError" });
  }

  override readonly name = "EdgeAuthError";
  /** The kind of error, for programs: `expired`, `audience_mismatch`, … */
  readonly code: EdgeAuthErrorCode;
  /** The HTTP status to respond with: 4xx for an error of the client, 5xx for one of the server. */
  readonly status: number;
  /** Seconds to wait before a retry, for errors that are temporary: `keys_unavailable`. */
  readonly retryAfter?: number;

  /**
   * @param code the kind of error, for programs
   * @param status the HTTP status to respond with
   * @param message what is wrong, for people; it never contains a token or an unverified claim
   * @param details `cause`: the error that caused this one; `retryAfter`: seconds
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

/** The codes of {@link EdgeAuthError}. `docs/errors.md` explains each. */
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
  | "invalid_api_key"
  | "session_revoked"
  | "session_too_old"
  | "user_mismatch"
  | "insufficient_claims"
  | "insufficient_scope"
  | "credential_not_accepted"
  | "impersonation_refused"
  | "cross_site_request"
  | "replayed_event"
  | "rate_limited"
  | "misconfigured"
  | "origin_unreachable"
  | "origin_timeout"
  | "keys_unavailable"
  | "revocations_unavailable"
  | "edge_unavailable"
  // later versions may add codes
  | (string & {});

/**
 * Converts an error that the wasm threw into an {@link EdgeAuthError}. Returns any other value as
 * it is.
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

/** What a verified token says. */
export interface VerifyResult<Claims extends object = Record<never, never>> {
  /**
   * All claims, RFC 7519, section 4. Times are seconds since 1970.
   *
   * Where `verifyRequest` has decided by Better Auth's cookie cache, these are the members of the user's record,
   * with `sub`; the session and its token are not among them. `verify` of a verifier with the profile
   * `session-cache` gives what the cache itself says, `session` and `user` included: keep that to yourself.
   */
  payload: JWTPayload & Claims;
  /** The protected header, RFC 7515, section 4. */
  protectedHeader: JWTHeader;
  /** Who it is. */
  user: User<Claims>;
}

/** Who a token speaks for. */
export interface User<Claims extends object = Record<never, never>> {
  /** The value of the user claim: `sub`, or what `userClaim` names. */
  id: string;
  /** The claim `uuid`, where it is a string. */
  uuid?: string;
  /** The claim `email`, where it is a string. */
  email?: string;
  /** The claim `name`, where it is a string. */
  name?: string;
  /** All claims: the same object as the result's `payload`. */
  claims: JWTPayload & Claims;
}

/** The claims of a verified token: `iss`, `aud` and `exp` are always there. */
export interface JWTPayload {
  /** The issuer */
  iss: string;
  /** For whom the token is */
  aud: string | string[];
  /** Until when it is valid: seconds since 1970 */
  exp: number;
  /** From when on it is valid: seconds since 1970 */
  nbf?: number;
  /** When it was issued: seconds since 1970 */
  iat?: number;
  /** The user, unless the option `userClaim` says otherwise */
  sub?: string;
  /** The token's own name */
  jti?: string;
  [claim: string]: unknown;
}

/** The protected header of a verified token. */
export interface JWTHeader {
  /** The algorithm, RFC 7518 and RFC 8037 */
  alg: string;
  /** Which key signed it */
  kid?: string;
  /** The kind of token */
  typ?: string;
  [parameter: string]: unknown;
}

/** The result of a verification. */
export interface VerifyResult<Claims extends object = Record<never, never>> {
  /**
   * All claims (RFC 7519, section 4). Times are in seconds since 1970.
   *
   * If `verifyRequest` accepted a cookie cache, these are the members of the user's record, and
   * `sub`, without the session and its token. `verify` with the profile `session-cache` returns the
   * claims of the cache itself, which include `session` and `user`: keep them secret.
   */
  payload: JWTPayload & Claims;
  /** The protected header (RFC 7515, section 4). */
  protectedHeader: JWTHeader;
  /** The user whom the token identifies. */
  user: User<Claims>;
}

/** The user whom a token identifies. */
export interface User<Claims extends object = Record<never, never>> {
  /** The value of the user claim: `sub`, or the claim that `userClaim` names. */
  id: string;
  /** The claim `uuid`, if it is a string. */
  uuid?: string;
  /** The claim `email`, if it is a string. */
  email?: string;
  /** The claim `name`, if it is a string. */
  name?: string;
  /**
   * The id of the administrator who acts as this user, from the claim `impersonatedBy` of Better
   * Auth's admin plugin. Absent if the user acts alone.
   */
  impersonatedBy?: string;
  /** All claims: the same object as the result's `payload`. */
  claims: JWTPayload & Claims;
}

/** The claims of a verified token, which always contains `iss`, `aud` and `exp`. */
export interface JWTPayload {
  /** The issuer. */
  iss: string;
  /** The audience, or several. */
  aud: string | string[];
  /** The expiry, in seconds since 1970. */
  exp: number;
  /** The start of validity, in seconds since 1970. */
  nbf?: number;
  /** The time of issue, in seconds since 1970. */
  iat?: number;
  /** The subject: the user, unless the option `userClaim` names another claim. */
  sub?: string;
  /** The token's ID. */
  jti?: string;
  [claim: string]: unknown;
}

/** The protected header of a verified token. */
export interface JWTHeader {
  /** The algorithm (RFC 7518 and RFC 8037). */
  alg: string;
  /** The ID of the signing key. */
  kid?: string;
  /** The kind of token. */
  typ?: string;
  [parameter: string]: unknown;
}

/**
 * The options of a verifier. The source of the keys is required: `baseURL`, or one of `jwksUrl`,
 * `jwks` and `secret` with `issuer` and `audience`.
 *
 * The names are those of jose if jose has the option. An unknown name is an error, because the
 * caller may mean it as a restriction.
 */
export interface VerifierOptions {
  /**
   * URL of the Better Auth server. A path in it is Better Auth's base path, otherwise `/api/auth`.
   * Its origin is the expected issuer and audience.
   */
  baseURL?: string | undefined;
  /**
   * Better Auth's `basePath`, if `baseURL` does not contain it; `/` for a server at the root, whose
   * keys are at `{baseURL}/jwks`.
   */
  basePath?: string | undefined;
  /** URL of the JWK Set; `{baseURL}/api/auth/jwks` by default. */
  jwksUrl?: string | undefined;
  /** The JWK Set itself (RFC 7517, section 5), in place of a URL. */
  jwks?: { keys: object[] } | undefined;
  /**
   * A secret shared with the auth server, in place of a JWK Set; `algorithms` must name HS*. A
   * middleware and `verifyRequest` accept it beside a JWK Set too: {@link GatewayOptions.secret}.
   */
  secret?: string | Uint8Array | undefined;
  /** Accepted issuers; by default the origin of `baseURL`, for access tokens with its base path. */
  issuer?: string | string[] | undefined;
  /** Accepted audiences; the origin of `baseURL` by default, for session caches their own. */
  audience?: string | string[] | undefined;
  /**
   * Accepted algorithms; by default those that Better Auth can sign with: EdDSA, ES256, ES512,
   * PS256, RS256.
   */
  algorithms?: Algorithm[] | undefined;
  /** Whole seconds by which clocks may differ, up to 300; 5 by default. */
  clockTolerance?: number | undefined;
  /** Maximum seconds since `iat`, which is then required. */
  maxTokenAge?: number | undefined;
  /** Maximum seconds from `iat` to `exp`; `iat` is then required. */
  maxTokenLifetime?: number | undefined;
  /**
   * The kind of tokens: Better Auth's session tokens by default. `edge-assertion` is what the edge
   * signs for its origin server, with its own issuer and audience.
   */
  profile?: "session" | "access-token" | "session-cache" | "edge-assertion" | undefined;
  /**
   * The claim that identifies the user, by its name or a dotted path, or several, of which the
   * first that is present counts; `sub` by default.
   */
  userClaim?: string | string[] | undefined;
  /**
   * Further required claims: names, or an object from names to accepted values. A dotted path names
   * a claim within a claim: `org.role`.
   */
  requiredClaims?: string[] | Record<string, unknown> | undefined;
  /**
   * Claims whose text is a comma-separated list, such as Better Auth's `"admin,user"`, of which one
   * member must have the required value. `role` by default.
   */
  listClaims?: string | string[] | undefined;
  /**
   * Whether the token's audiences must all be accepted ones, except Better Auth's UserInfo
   * endpoint; by default for access tokens only.
   */
  exclusiveAudience?: boolean | undefined;
  /** Milliseconds for which a cached JWK Set is fresh; 600,000 by default. */
  cacheMaxAge?: number | undefined;
  /** Milliseconds for which it is used while fetches fail; 86,400,000 by default. */
  cacheStaleAge?: number | undefined;
  /** Milliseconds between two fetches for unknown keys; 30,000 by default. */
  cooldownDuration?: number | undefined;
  /** Milliseconds for one fetch; 5,000 by default. */
  timeoutDuration?: number | undefined;
  /** Maximum number of cached tokens; 1,000 by default, 0 disables the cache. */
  tokenCache?: number | undefined;
  /** Maximum bytes of an encoded token; 16,384 by default. */
  maxTokenBytes?: number | undefined;
  /** Maximum bytes of its encoded header; 4,096 by default. */
  maxHeaderBytes?: number | undefined;
  /** Fetches the JWK Set and the tokens of sessions, in place of the runtime's own `fetch`. */
  fetch?: FetchImplementation | undefined;
  /**
   * The window of the precomputed tables for Ed25519 keys, for all verifiers of the process: 4 to 8
   * bits, for 0.1 to 0.6 MB a key, or 0 for none; 8 by default.
   */
  tableWindow?: number | undefined;
}

/**
 * A function that is called as `fetch` is: for a mock, a proxy, or a service binding. Pass the same
 * function each time, because fetched documents are cached for it.
 *
 * @param url absolute
 * @param init `headers`, `redirect: "manual"` and a `signal`, as `fetch` takes them
 */
export type FetchImplementation = (url: string, init?: RequestInit) => Promise<Response>;

/** An algorithm by its name in JOSE, RFC 7518 and RFC 9864. */
export type Algorithm =
  | "EdDSA"
  | "Ed25519"
  | "ES256"
  | "ES384"
  | "ES512"
  | "PS256"
  | "PS384"
  | "PS512"
  | "RS256"
  | "RS384"
  | "RS512"
  | "HS256"
  | "HS384"
  | "HS512";

/**
 * Options of {@link createVerifier}. The source of the keys is required: `baseURL`, or one of
 * `jwksUrl`, `jwks` and `secret` with `issuer` and `audience`.
 *
 * Options that jose has too have jose's names. An unknown name is an error, because it may be meant
 * as a restriction.
 */
export interface VerifierOptions {
  /**
   * The URL of the Better Auth server. A path in it is Better Auth's base path; without one, that
   * is `basePath`. The default issuer and audience are its origin.
   */
  baseURL?: string | undefined;
  /**
   * Better Auth's `basePath`, unless `baseURL` contains it. Default: `/api/auth`. Use `/` for a
   * server at the root, whose keys are at `{baseURL}/jwks`.
   */
  basePath?: string | undefined;
  /** The URL of the JWK Set, with its query if it has one. Default: `{baseURL}/api/auth/jwks`. */
  jwksUrl?: string | undefined;
  /** The JWK Set itself (RFC 7517, section 5), instead of a URL. */
  jwks?: { keys: object[] } | undefined;
  /**
   * A secret shared with the auth server, as text or bytes, instead of a key set. `algorithms` must
   * name HS256, HS384 or HS512. `createMiddleware` and `verifyRequest` accept it together with a
   * key set: see {@link GatewayOptions.secret}.
   */
  secret?: string | Uint8Array | undefined;
  /**
   * The accepted issuers. Default: the origin of `baseURL`; for access tokens, with the base path.
   */
  issuer?: string | string[] | undefined;
  /**
   * The accepted audiences. Default: the origin of `baseURL`; for session caches, their own
   * audience.
   */
  audience?: string | string[] | undefined;
  /**
   * The accepted algorithms. Default: those that Better Auth can sign with: EdDSA, ES256, ES512,
   * PS256, RS256.
   */
  algorithms?: Algorithm[] | undefined;
  /** Whole seconds by which clocks may differ, from 0 to 300. Default: 5. */
  clockTolerance?: number | undefined;
  /** The maximum number of seconds since `iat`, which is then required. Default: no limit. */
  maxTokenAge?: number | undefined;
  /**
   * The maximum number of seconds from `iat` to `exp`; `iat` is then required. Default: no limit.
   */
  maxTokenLifetime?: number | undefined;
  /**
   * The kind of tokens to accept. Default: `session`, Better Auth's JWTs of a session.
   * `edge-assertion` is the assertion that the edge signs for its upstream, and requires an issuer
   * and an audience.
   */
  profile?: "session" | "access-token" | "session-cache" | "edge-assertion" | undefined;
  /**
   * The claim that identifies the user: its name or dotted path, or several, of which the first
   * that the token contains is used. Default: `sub`.
   */
  userClaim?: string | string[] | undefined;
  /**
   * Further claims that a token must contain: their names, or an object from names to accepted
   * values. A dotted path names a claim within a claim: `org.role`.
   */
  requiredClaims?: string[] | Record<string, unknown> | undefined;
  /**
   * Claims whose text is a comma-separated list, such as Better Auth's `"admin,user"`. If a value
   * is required, one member must equal it. Default: `role`.
   */
  listClaims?: string | string[] | undefined;
  /**
   * Whether every audience of a token must be accepted or be Better Auth's UserInfo endpoint.
   * Default: `true` for access tokens, otherwise `false`.
   */
  exclusiveAudience?: boolean | undefined;
  /** Milliseconds for which a fetched key set is fresh. Default: 600,000. */
  cacheMaxAge?: number | undefined;
  /** Milliseconds for which a fetched key set is used while fetches fail. Default: 86,400,000. */
  cacheStaleAge?: number | undefined;
  /** Milliseconds between two fetches for unknown keys. Default: 30,000. */
  cooldownDuration?: number | undefined;
  /** Milliseconds that a fetch may take. Default: 5,000. */
  timeoutDuration?: number | undefined;
  /** The maximum number of cached verified tokens; 0 disables the cache. Default: 1,000. */
  tokenCache?: number | undefined;
  /** The maximum number of bytes of an encoded token. Default: 16,384. */
  maxTokenBytes?: number | undefined;
  /** The maximum number of bytes of a token's encoded header. Default: 4,096. */
  maxHeaderBytes?: number | undefined;
  /**
   * The function that fetches key sets and the tokens of sessions. Default: the runtime's `fetch`.
   */
  fetch?: FetchImplementation | undefined;
  /**
   * The window, in bits, of the precomputed tables for frequently used Ed25519 keys. It applies to
   * all verifiers of the process: 4 to 8 bits take 0.06 to 0.5 MB a key, and 0 disables the tables.
   * Default: 8.
   */
  tableWindow?: number | undefined;
}

/**
 * A function with the signature of `fetch`, for a mock, a proxy or a service binding. Pass the same
 * function each time, because fetched keys are cached for each function.
 *
 * @param url an absolute URL
 * @param init `headers`, `redirect: "manual"` and a `signal`, as for `fetch`
 */
export type FetchImplementation = (url: string, init?: RequestInit) => Promise<Response>;

/** The JOSE name of an algorithm (RFC 7518, section 3.1; RFC 9864). */
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

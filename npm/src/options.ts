/**
 * What a verifier accepts. Where the keys come from is required: `baseURL`, or one of `jwksUrl`,
 * `jwks` and `secret` with `issuer` and `audience`.
 *
 * The names are jose's where jose has the option. An unknown name is a fault: it may be meant as a
 * restriction.
 */
export interface VerifierOptions {
  /**
   * Where Better Auth runs. A path in it is Better Auth's own base path, `/api/auth` otherwise. Its
   * origin is the issuer and audience that are expected.
   */
  baseURL?: string | undefined;
  /**
   * Better Auth's `basePath`, where `baseURL` does not say it; `/` for a server at the root, whose keys are at
   * `{baseURL}/jwks`.
   */
  basePath?: string | undefined;
  /** Where the JWK Set is, if not at `{baseURL}/api/auth/jwks`. */
  jwksUrl?: string | undefined;
  /** The JWK Set itself (RFC 7517, section 5), in place of a URL. */
  jwks?: { keys: object[] } | undefined;
  /**
   * A secret shared with the auth server, in place of a key set; `algorithms` must name HS*. A middleware and
   * `verifyRequest` take it beside a key set too: {@link GatewayOptions.secret}.
   */
  secret?: string | Uint8Array | undefined;
  /** Accepted issuers; by default the origin of `baseURL`, for access tokens with its base path. */
  issuer?: string | string[] | undefined;
  /** Accepted audiences; the origin of `baseURL` by default, for session caches their own. */
  audience?: string | string[] | undefined;
  /** Accepted algorithms; by default what Better Auth signs with: EdDSA, ES256, ES512, PS256, RS256. */
  algorithms?: Algorithm[] | undefined;
  /** How far clocks may differ, in whole seconds up to 300; 5 by default. */
  clockTolerance?: number | undefined;
  /** The most seconds since `iat`, which is required then. */
  maxTokenAge?: number | undefined;
  /** The most seconds from `iat` to `exp`; `iat` is required then. */
  maxTokenLifetime?: number | undefined;
  /**
   * The kind of tokens: Better Auth's session tokens by default. What the edge signs for its origin is
   * an `edge-assertion`, with an issuer and an audience of its own.
   */
  profile?: "session" | "access-token" | "session-cache" | "edge-assertion" | undefined;
  /**
   * The claim that says who the user is, by its name or a dotted path, or several: the first that is there
   * counts; `sub` by default.
   */
  userClaim?: string | string[] | undefined;
  /**
   * Further claims that must be there: names, or an object from names to accepted values. A dotted path
   * names a claim within a claim: `org.role`.
   */
  requiredClaims?: string[] | Record<string, unknown> | undefined;
  /**
   * Claims whose text is a comma-separated list, such as Better Auth's `"admin,user"`: where a value is
   * required, one member suffices. `role` by default.
   */
  listClaims?: string | string[] | undefined;
  /**
   * Whether a token may be for the accepted audiences alone, Better Auth's UserInfo endpoint aside; only
   * for access tokens by default.
   */
  exclusiveAudience?: boolean | undefined;
  /** Milliseconds for which a fetched key set is used without asking again; 600,000 by default. */
  cacheMaxAge?: number | undefined;
  /** Milliseconds for which it is used when the source fails; 86,400,000 by default. */
  cacheStaleAge?: number | undefined;
  /** Milliseconds between two fetches for unknown keys; 30,000 by default. */
  cooldownDuration?: number | undefined;
  /** Milliseconds that a fetch may take; 5,000 by default. */
  timeoutDuration?: number | undefined;
  /** How many verified tokens are kept; 1,000 by default, 0 for none. */
  tokenCache?: number | undefined;
  /** The most bytes of an encoded token; 16,384 by default. */
  maxTokenBytes?: number | undefined;
  /** The most bytes of its encoded header; 4,096 by default. */
  maxHeaderBytes?: number | undefined;
  /** Gets the key set, and the tokens of sessions, in place of the runtime's own `fetch`. */
  fetch?: FetchImplementation | undefined;
  /**
   * The window of the tables of Ed25519 keys that are used often, for all verifiers of the process: 4
   * to 8 bits, for 0.1 to 0.6 MB a key, or 0 for none; 8 by default.
   */
  tableWindow?: number | undefined;
}

/**
 * A function to be called as `fetch` is: for a mock, a proxy, or a service binding. Give the same function
 * each time, since what has been fetched is kept for it.
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

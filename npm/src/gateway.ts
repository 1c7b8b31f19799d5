import { load } from "#wasm";
import { toEdgeAuthError } from "./error.ts";
import type { FetchImplementation, VerifierOptions } from "./options.ts";
import { absoluteHead, type RequestHead } from "./request-head.ts";
import type { VerifyResult } from "./result.ts";
import type { RevocationStore } from "./revocations/store.ts";
import { textStore } from "./revocations/texts.ts";
import type { WaitUntil, WasmGateway } from "./wasm/glue.ts";
import { Renewable } from "./wasm/renewable.ts";

/**
 * A rule. The first rule that matches a request applies. Without one, the request requires a token.
 */
export interface Route {
  /** The path pattern: literals, `{name}` for one segment, and `/*` at the end for any rest. */
  path: string;
  /**
   * HTTP methods in upper case; `GET` includes `HEAD`. Default: all. A rule with `match` also keeps
   * users apart for the other methods, unless a later rule is specific to them.
   */
  methods?: string[] | undefined;
  /**
   * Whether a token is required. With `optional`, a request may have none, but an invalid one is
   * rejected. Default: `required`.
   */
  auth?: "required" | "optional" | "public" | undefined;
  /**
   * Path parameters, and the claims that they must equal: `{ user_id: "sub" }`. If the claim is a
   * list, one member must: `{ org_id: "organizations" }`. A dotted path leads through lists of
   * objects: `organizations.id`. Otherwise 403 `user_mismatch`.
   */
  match?: Record<string, string> | undefined;
  /**
   * Claims, by name or dotted path (`org.role`), and their accepted values, of which one must
   * match. Otherwise 403 `insufficient_claims`.
   */
  claims?: Record<string, unknown> | undefined;
  /** Scopes, all of which the token must have. Otherwise 403 `insufficient_scope`. */
  scopes?: string[] | undefined;
  /**
   * The kinds of credentials that are accepted: a token that the client sends, a session, or an API
   * key. Otherwise 403 `credential_not_accepted`. Default: all.
   */
  credentials?: ("jwt" | "session" | "api-key")[] | undefined;
  /**
   * Whether an administrator who impersonates the user may send the request. With `refuse`,
   * otherwise 403 `impersonation_refused`. Default: `allow`.
   */
  impersonation?: "allow" | "refuse" | undefined;
  /**
   * Seconds since the sign-in, from 1 to 31536000. If the claim `session_iat` is absent, or if the
   * session is older, 401 `session_too_old`.
   */
  max_session_age?: number | undefined;
  /** Who handles the request: this application, or the server at `origin`. Default: `app`. */
  to?: "app" | "origin" | undefined;
}

/**
 * Options of {@link Verifier.verifyRequest}: the rules, the sessions and the headers. The Worker's
 * settings of `docs/configuration.md` mean the same.
 *
 * `verifyRequest` also accepts the members of {@link VerifierOptions}. They override the verifier's
 * own for that call. `createVerifier` does not accept the members of this interface, except those
 * that both have.
 */
export interface GatewayOptions {
  /** The rules. Default: none, so every request requires a token. */
  routes?: Route[] | undefined;
  /**
   * Path patterns that are public, regardless of the rules. A pattern may be an exception from a
   * rule's paths; one that would disable a rule is an error.
   */
  publicPaths?: string[] | undefined;
  /**
   * @internal public paths of Better Auth and the framework, which are an error only if they cover
   * a whole rule
   */
  ownPaths?: string[] | undefined;
  /** The base URL of the server to which rules with `to: "origin"` forward requests. */
  origin?: string | undefined;
  /**
   * Whether redirects of the origin server to its own URL lead back here: `Location`,
   * `Content-Location` and `Refresh`. Default: `true`.
   */
  rewriteRedirects?: boolean | undefined;
  /**
   * Whether a session cookie of Better Auth, or a session token that a client sends as bearer
   * token, is exchanged for a token at Better Auth. Default: `false`.
   */
  sessionExchange?: boolean | undefined;
  /**
   * Seconds up to 300 for which that token is cached. A sign-out can take this long to take effect.
   * Default: 60.
   */
  sessionMaxAge?: number | undefined;
  /**
   * Whether API keys of Better Auth's `apiKey` plugin are exchanged for tokens at Better Auth.
   * Default: `false`.
   */
  apiKeys?: boolean | undefined;
  /** The header that carries an API key, here and at Better Auth. Default: `x-api-key`. */
  apiKeyHeader?: string | undefined;
  /**
   * Seconds up to 300 for which the token of an API key is cached. A disabled key can take this
   * long to stop working. Default: 60.
   */
  apiKeyMaxAge?: number | undefined;
  /**
   * Accepts Better Auth's cookie cache without a request to Better Auth, signed with its keys
   * (`jwks`) or with its `secret`, which is then required. Default: none.
   */
  cookieCache?: "jwks" | "secret" | undefined;
  /** Better Auth's `session.cookieCache.version`. */
  cookieCacheVersion?: string | undefined;
  /**
   * Better Auth's secret, as text or bytes. It verifies session cookies before an exchange, and the
   * cookie cache with `cookieCache: "secret"`. It verifies tokens only if `algorithms` names HS256,
   * HS384 or HS512. With several `secrets`, Better Auth signs cookies with the first.
   */
  secret?: string | Uint8Array | undefined;
  /**
   * The function that fetches key sets and the tokens of sessions. Default: the runtime's `fetch`.
   */
  fetch?: FetchImplementation | undefined;
  /** Better Auth's `advanced.cookiePrefix`. */
  cookiePrefix?: string | undefined;
  /**
   * The exact name of the session cookie, as in Better Auth's
   * `advanced.cookies.session_token.name`, with or without `__Secure-`. Default: by `cookiePrefix`.
   */
  sessionCookieName?: string | undefined;
  /**
   * The exact name of the cookie cache, as in Better Auth's `advanced.cookies.session_data.name`.
   * Default: by `cookiePrefix`.
   */
  cookieCacheName?: string | undefined;
  /**
   * Origins whose pages may send unsafe requests with a cookie, in addition to this one and Better
   * Auth's: `https://www.example.com`, `capacitor://localhost`, or `https://*.example.com` with a
   * `*` in the first label.
   */
  trustedOrigins?: string[] | undefined;
  /** Whether the origin server gets Better Auth's cookies. Default: `false`. */
  forwardCookies?: boolean | undefined;
  /** Whether the origin server gets the token. Default: `true`. */
  forwardAuthorization?: boolean | undefined;
  /**
   * Request headers to forward although they could change the request, such as
   * `x-http-method-override`, or names with characters other than letters, digits and hyphens.
   */
  forwardHeaders?: string[] | undefined;
  /**
   * The header in which your own proxy sends the client address; of a list, the last value counts.
   * Without it, the origin server gets no address.
   */
  clientIpHeader?: string | undefined;
  /**
   * The header in which Better Auth gets that address with a session exchange: one of its
   * `advanced.ipAddress.ipAddressHeaders`. Default: `x-forwarded-for`.
   */
  authClientIpHeader?: string | undefined;
  /** Claims, and the names of the request headers that forward them. */
  claimHeaders?: Record<string, string> | undefined;
  /**
   * The private JWK (Ed25519), as an object or JSON text, that signs the assertion. `npx
   * better-auth-edge keygen` makes one.
   */
  signingKey?: string | object | undefined;
  /** The next signing key, whose public key is published already. */
  nextSigningKey?: string | object | undefined;
  /**
   * The issuer (`iss`) of the assertion for the origin server: an origin. Default: the origin of
   * the request.
   */
  edgeIssuer?: string | undefined;
  /** Whether an assertion is valid for one method and path only. Default: `false`. */
  bindRequest?: boolean | undefined;
  /** The claims that the assertion contains; with an empty list, only `sub`. */
  claims?: string[] | undefined;
  /**
   * Where the edge stores which sessions have ended, so that it refuses their tokens at once. With
   * a store, the edge receives messages of the auth server at
   * `/.well-known/better-auth-edge/events` and `/.well-known/better-auth-edge/backchannel-logout`,
   * and `edgeIssuer` is required. Default: none, so a token is valid until it expires.
   */
  revocations?: RevocationStore | undefined;
  /**
   * The URL of another edge. This one reads its revocations there in place of a store, with
   * `revocationsToken`. Default: none.
   */
  revocationsURL?: string | undefined;
  /** The bearer token for `revocationsURL`, which is the `revocationFeedToken` of that edge. */
  revocationsToken?: string | undefined;
  /**
   * The number of seconds from 0.5 to 300 after which a session that has ended is refused
   * everywhere. Default: 2.
   */
  revocationLag?: number | undefined;
  /**
   * What happens to requests if the revocations cannot be read for longer than
   * `revocationFailureAge`. Default: `refuse`.
   */
  revocationOnFailure?: "allow" | "refuse" | undefined;
  /**
   * The number of seconds, at least the lag, for which the last revocations are used if no further
   * ones can be read. Default: 30.
   */
  revocationFailureAge?: number | undefined;
  /** The number of seconds for which a revocation is kept. No token may live longer. */
  revocationRetention?: number | undefined;
  /** Into how many parts the revocations are divided, from 1 to 64. Default: 1. */
  revocationShards?: number | undefined;
  /** The accepted audiences of OIDC logout tokens. Default: those of other tokens. */
  logoutAudience?: string | string[] | undefined;
  /**
   * The bearer token, of at least 32 characters, with which other hosts read the revocations.
   * Default: they are not published.
   */
  revocationFeedToken?: string | undefined;
  /** The decisions in the log. Default: `warn`, which includes rejections. */
  logLevel?: "none" | "error" | "warn" | "info" | undefined;
  /** The salt of the user hashes in the log. */
  logSalt?: string | undefined;
}

/**
 * The decision to forward a request. Without a user, the members of {@link VerifyResult} are
 * absent.
 */
export interface Admitted extends Partial<VerifyResult> {
  ok: true;
  /** Who handles the request: this application, or the server at `origin`. */
  to: "app" | "origin";
  /** The URL to forward to: at the origin server, or the request's own. */
  url: string;
  /**
   * The headers to forward: those of the request without forged ones, and with the user's identity.
   */
  headers: Headers;
  /** @internal */
  editResponse(headers: Headers): void;
}

/** The decision to respond to a request here. */
export interface Rejected {
  ok: false;
  /** Who would have handled the request. */
  to: "app" | "origin";
  /**
   * The error code of `docs/errors.md`; absent if the response is not a rejection, such as the one
   * with the edge's keys.
   */
  code?: string;
  /** The response to send; for a rejection, problem details (RFC 9457). */
  response: Response;
}

/** The decision about a request. */
export type Decision = Admitted | Rejected;

/** A decision as the wasm returns it: `editResponse` needs the edits of redirects. */
type WasmDecision =
  | Rejected
  | (Omit<Admitted, "editResponse"> & {
      editResponse(headers: Headers, redirect: (fields: string, url: string) => string): void;
    });

/**
 * Decides about requests as the Worker does.
 *
 * @internal
 */
export class Gateway {
  readonly #wasm: Renewable<WasmGateway>;

  constructor(wasm: Renewable<WasmGateway>) {
    this.#wasm = wasm;
  }

  /**
   * @param waitUntil receives tasks that continue after the decision; the runtime's own by default
   */
  async decide(
    request: RequestHead,
    waitUntil: WaitUntil = this.#wasm.waitUntil,
  ): Promise<Decision> {
    const wasm = this.#wasm.current ?? (await this.#wasm.renewed());
    const decision = (await wasm.decide(absoluteHead(request), waitUntil)) as WasmDecision;
    if (!decision.ok) return decision;
    const redirect = (fields: string, url: string) =>
      (this.#wasm.current ?? wasm).redirectEdits(fields, url);
    return { ...decision, editResponse: (headers) => decision.editResponse(headers, redirect) };
  }
}

/**
 * Makes a gateway.
 *
 * @param verifierOptions the options of the verifier that it belongs to; `options` override them
 * @throws {EdgeAuthError} `misconfigured`: the message lists all errors in the options
 * @internal
 */
export async function createGateway(
  options: VerifierOptions & GatewayOptions,
  verifierOptions?: VerifierOptions,
): Promise<Gateway> {
  const glue = await load();
  try {
    const { revocations } = options;
    const own = revocations ? { ...options, revocations: textStore(revocations) } : options;
    const all = { own, verifierOptions };
    const wasm = Renewable.make(glue, all, (glue, { own, verifierOptions }) =>
      glue.createGateway(own, verifierOptions),
    );
    return new Gateway(wasm);
  } catch (error) {
    throw toEdgeAuthError(error);
  }
}

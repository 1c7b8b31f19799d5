import { load } from "#wasm";
import { toEdgeAuthError } from "./error.ts";
import type { FetchImplementation, VerifierOptions } from "./options.ts";
import { absoluteHead, type RequestHead } from "./request-head.ts";
import type { VerifyResult } from "./result.ts";
import type { WaitUntil, WasmGateway } from "./wasm/glue.ts";

/** A rule: which requests need what. The first that matches counts; what none matches needs a token. */
export interface Route {
  /** Literals, `{name}` for one segment, and `/*` at the end for all that is left. */
  path: string;
  /**
   * HTTP methods in upper case; all by default. `GET` includes `HEAD`. A rule with `match` keeps users apart
   * for the other methods too, unless a rule behind it was written for these.
   */
  methods?: string[] | undefined;
  /** Whether a token is needed: `required` by default. With `optional`, one that is there must be good. */
  auth?: "required" | "optional" | "public" | undefined;
  /** Path parameters, and the claims that they must equal: `{ user_id: "sub" }`. Otherwise 403. */
  match?: Record<string, string> | undefined;
  /** Claims, by names or dotted paths (`org.role`), that must hold one of some values. Otherwise 403. */
  claims?: Record<string, unknown> | undefined;
  /** Scopes, all of which the token must have. Otherwise 403. */
  scopes?: string[] | undefined;
  /** Who answers: this application, or the `origin` behind it. `app` by default. */
  to?: "app" | "origin" | undefined;
}

/** How requests are decided, beside which tokens are good. `docs/configuration.md` says more. */
export interface GatewayOptions {
  /** Rules. Without any, everything needs a token. */
  routes?: Route[] | undefined;
  /**
   * Patterns as rules have them that are public whatever the rules say. One that keeps a rule from counting
   * is refused: it may be an exception from a rule's paths, and no more.
   */
  publicPaths?: string[] | undefined;
  /** @internal those that Better Auth and the framework take: public, and refused only over a whole rule */
  ownPaths?: string[] | undefined;
  /** The base URL of the origin to which rules send requests. */
  origin?: string | undefined;
  /**
   * Whether redirects of the origin's that name it by its own URL lead back here: `Location`,
   * `Content-Location` and `Refresh`. By default they do.
   */
  rewriteRedirects?: boolean | undefined;
  /** Whether a Better Auth session cookie is turned into a token, by asking Better Auth. */
  sessionExchange?: boolean | undefined;
  /** Seconds up to 300 for which its token is used again: what a sign-out may take to show. */
  sessionMaxAge?: number | undefined;
  /**
   * What signs Better Auth's cookie cache, if that is to count without asking Better Auth: its keys, or its
   * `secret`, which is required then.
   */
  cookieCache?: "jwks" | "secret" | undefined;
  /** Better Auth's `session.cookieCache.version`. */
  cookieCacheVersion?: string | undefined;
  /**
   * Better Auth's own secret: by it, session cookies that Better Auth has not signed are refused without
   * asking Better Auth, and `cookieCache: "secret"` is verified. Tokens count by it only where `algorithms`
   * names HS256, HS384 or HS512. With several `secrets`, Better Auth signs cookies by the first.
   */
  secret?: string | Uint8Array | undefined;
  /** Gets the key set, and the tokens of sessions, in place of the runtime's own `fetch`. */
  fetch?: FetchImplementation | undefined;
  /** Better Auth's `advanced.cookiePrefix`. */
  cookiePrefix?: string | undefined;
  /**
   * The name of the session cookie, where Better Auth's `advanced.cookies.session_token.name` gives it one:
   * exactly that. It counts with `__Secure-` before it too.
   */
  sessionCookieName?: string | undefined;
  /** The same of its cookie cache: `advanced.cookies.session_data.name`. */
  cookieCacheName?: string | undefined;
  /**
   * Origins of pages that may change something by cookie, beside this one's and Better Auth's:
   * `https://www.example.com`, those of apps such as `capacitor://localhost`, and with a `*` in the first label
   * `https://*.example.com`.
   */
  trustedOrigins?: string[] | undefined;
  /** Whether the origin gets Better Auth's cookies; not by default. */
  forwardCookies?: boolean | undefined;
  /** Whether the origin gets the token; it does by default. */
  forwardAuthorization?: boolean | undefined;
  /**
   * Request headers that go on although they could make another request of this one, such as
   * `x-http-method-override`, or names with other characters than letters, digits and hyphens.
   */
  forwardHeaders?: string[] | undefined;
  /**
   * The header in which your own proxy says the client's address; of a list the last one counts. Without it
   * the origin is not told any.
   */
  clientIpHeader?: string | undefined;
  /**
   * The header in which Better Auth gets the visitor's address with the exchange of a session, where
   * `clientIpHeader` gives one: a name of `advanced.ipAddress.ipAddressHeaders`. `x-forwarded-for` by default.
   */
  authClientIpHeader?: string | undefined;
  /** Claims, and the request headers that carry them on. */
  claimHeaders?: Record<string, string> | undefined;
  /** The private JWK (Ed25519) that signs who is calling; `npx better-auth-edge keygen` makes one. */
  signingKey?: string | object | undefined;
  /** The one that is to sign next, published already. */
  nextSigningKey?: string | object | undefined;
  /** The issuer of what is signed for the origin: an origin, by default this application's own. */
  edgeIssuer?: string | undefined;
  /** Whether what is signed for the origin is for one method and path only. */
  bindRequest?: boolean | undefined;
  /** The claims that are passed on in what is signed; with an empty list, only `sub`. */
  claims?: string[] | undefined;
  /** What is logged about decisions: refusals by default. */
  logLevel?: "none" | "error" | "warn" | "info" | undefined;
  /** What users' names are hashed with in the log. */
  logSalt?: string | undefined;
}

/** A request that is let through. */
export interface Admitted extends Partial<VerifyResult> {
  ok: true;
  /** Who answers it. */
  to: "app" | "origin";
  /** Where: the origin's URL, or the request's own. */
  url: string;
  /**
   * The headers to go on with: those of the request without what was forged, and with who is calling,
   * if anybody.
   */
  headers: Headers;
  /** @internal */
  editAnswer(headers: Headers): void;
}

/** A request that is answered here. */
export interface Refused {
  ok: false;
  /** Who would have answered it. */
  to: "app" | "origin";
  /** Why, as in `docs/errors.md`; `undefined` where the answer is not a refusal but, say, the edge's keys. */
  code?: string;
  /** The answer: problem details (RFC 9457) for a refusal. */
  response: Response;
}

/** What is to be done with a request. */
export type Decision = Admitted | Refused;

/** The same as it comes from the wasm. */
type Decided =
  | Refused
  | (Omit<Admitted, "editAnswer"> & {
      editAnswer(headers: Headers, redirect: (fields: string, url: string) => string): void;
    });

/**
 * Decides about requests, by the rules that the Worker has too.
 *
 * @internal
 */
export class Gateway {
  readonly #wasm: WasmGateway;
  readonly #waitUntil: WaitUntil | undefined;

  constructor(wasm: WasmGateway, waitUntil?: WaitUntil) {
    this.#wasm = wasm;
    this.#waitUntil = waitUntil;
  }

  /**
   * @param waitUntil is told of what goes on after the decision, if the host must wait for that: the
   *   runtime's own by default
   */
  async decide(
    request: RequestHead,
    waitUntil: WaitUntil | undefined = this.#waitUntil,
  ): Promise<Decision> {
    const decision = (await this.#wasm.decide(absoluteHead(request), waitUntil)) as Decided;
    if (!decision.ok) return decision;
    const redirect = (fields: string, url: string) => this.#wasm.redirectEdits(fields, url);
    return { ...decision, editAnswer: (headers) => decision.editAnswer(headers, redirect) };
  }
}

/**
 * Makes a gateway.
 *
 * @throws {EdgeAuthError} `misconfigured`: the message lists every fault of the options at once
 * @internal
 */
export async function createGateway(options: VerifierOptions & GatewayOptions): Promise<Gateway> {
  const glue = await load();
  try {
    return new Gateway(glue.createGateway(options), glue.waitUntil);
  } catch (error) {
    throw toEdgeAuthError(error);
  }
}

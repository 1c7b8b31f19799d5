import { ApiError } from "./error.ts";
import { Token } from "./token.ts";

/**
 * The part of Better Auth's client that {@link createApiClient} uses. `createAuthClient({ plugins:
 * [jwtClient()] })` has it, and any other object with these members works.
 */
export interface AuthClient {
  /** Fetches a token: `GET /api/auth/token` with the session cookie. */
  token(options: {
    fetchOptions: { signal: AbortSignal; cache: "no-store" };
  }): Promise<TokenResponse>;
  /** Reports sign-ins, sign-outs and changes of the user. */
  $store?: { listen(signal: "$sessionSignal", listener: () => void): void };
}

/**
 * Better Auth's response: with `data` and `error` or, with the client's `throw: true`, the data
 * alone.
 */
export type TokenResponse =
  | { data: { token: string } | null; error: { status: number } | null }
  | { token: string };

/** Milliseconds that the auth server may take. */
const TIMEOUT = 10_000;
/** The key in `localStorage` by which Better Auth's client reports a sign-out to other tabs. */
const OTHER_TABS = "better-auth.message";

/**
 * Fetches tokens from Better Auth with a single flight, and caches the last one in memory.
 *
 * @internal
 */
export class TokenSource {
  readonly #authClient: AuthClient;
  #cached: Token | undefined;
  #pending: Promise<Token> | undefined;
  /**
   * Counts the calls of {@link clear}: a token that was requested before one is not used after it.
   */
  #generation = 0;

  constructor(authClient: AuthClient) {
    this.#authClient = authClient;
    authClient.$store?.listen("$sessionSignal", () => this.clear());
    globalThis.window?.addEventListener?.("storage", ({ key }) => {
      if (key === OTHER_TABS) this.clear();
    });
  }

  /** Removes the cached token and ignores the token of a fetch that is in flight. */
  clear(): void {
    this.#generation++;
    this.#cached = undefined;
    this.#pending = undefined;
  }

  /** Removes this token if it is still the cached one. */
  discard(token: Token): void {
    if (this.#cached === token) this.#cached = undefined;
  }

  /**
   * Returns a token to send: the cached one, or a new one.
   *
   * @param isSafe whether the call changes nothing on the server, so that it may be sent although
   *   two tokens do not show whether they belong to the same user
   * @param signal aborts the wait of this caller only
   * @throws {ApiError} `signed_out`, `token_unavailable`, `session_changed`
   */
  async get(isSafe: boolean, signal: AbortSignal | undefined): Promise<Token> {
    let earlier: Token | undefined;
    for (;;) {
      const generation = this.#generation;
      const isCurrent = () => generation === this.#generation;
      try {
        const token = await this.#cachedOrFetched(signal);
        if (earlier) assertSameUser(earlier, token, isSafe);
        if (isCurrent()) return token;
        earlier = token;
      } catch (error) {
        // a `signed_out` from before the user signed in: try again
        if (isCurrent() || !isSignedOut(error)) throw error;
      }
    }
  }

  /**
   * Replaces a rejected token. Concurrent callers with the same rejected token share one fetch.
   *
   * @throws {ApiError} as {@link get} does
   */
  async renew(rejected: Token, isSafe: boolean, signal: AbortSignal | undefined): Promise<Token> {
    this.discard(rejected);
    const token = await this.get(isSafe, signal);
    assertSameUser(rejected, token, isSafe);
    return token;
  }

  async #cachedOrFetched(signal: AbortSignal | undefined): Promise<Token> {
    const cached = this.#cached;
    if (cached && !cached.isDueForRenewal) return cached;
    const pending = this.#fetch();
    // while the cached token is valid, callers neither wait for the renewal nor get its error
    if (cached && !cached.isExpired) return cached;
    return unlessAborted(pending, signal);
  }

  #fetch(): Promise<Token> {
    if (this.#pending) return this.#pending;
    const pending = fetchToken(this.#authClient);
    this.#pending = pending;
    const settle = (token?: Token) => {
      if (this.#pending !== pending) return;
      this.#pending = undefined;
      if (token) this.#cached = token;
    };
    pending.then(settle, (error: unknown) => {
      // a token from before the sign-out must not be used after it
      if (this.#pending === pending && isSignedOut(error)) this.#cached = undefined;
      settle();
    });
    return pending;
  }
}

async function fetchToken(authClient: AuthClient): Promise<Token> {
  const signal = AbortSignal.timeout(TIMEOUT);
  const fetchOptions = { signal, cache: "no-store" } as const;
  let response: TokenResponse;
  try {
    response = await unlessAborted(authClient.token({ fetchOptions }), signal);
  } catch (error) {
    throw tokenError(statusOf(error), error);
  }
  const { data, error } = "token" in response ? { data: response, error: null } : response;
  if (typeof data?.token === "string" && data.token !== "") return new Token(data.token);
  throw tokenError(statusOf(error));
}

function tokenError(status: number, cause?: unknown): ApiError {
  if (status === 401) {
    return new ApiError({ code: "signed_out", status, message: "No user is signed in", cause });
  }
  const reason = status === 0 ? "did not return a token" : `responded with ${status}`;
  const message = `Better Auth ${reason} when the client requested a token`;
  return new ApiError({ code: "token_unavailable", status, message, cause });
}

/** The HTTP status of an error of Better Auth's client; 0 if it has none. */
function statusOf(error: unknown): number {
  const status = (error as { status?: unknown } | null | undefined)?.status;
  return typeof status === "number" ? status : 0;
}

function isSignedOut(error: unknown): boolean {
  return error instanceof ApiError && error.code === "signed_out";
}

/**
 * Throws `session_changed` if the tokens belong to different users, or if they do not identify
 * their users and the call is not safe: a call that one user started must not be sent as another.
 */
function assertSameUser(earlier: Token, token: Token, isSafe: boolean): void {
  const isSame = token.hasSameUserAs(earlier);
  if (isSame || (isSame === undefined && isSafe)) return;
  throw new ApiError({
    code: "session_changed",
    status: 0,
    message:
      isSame === undefined
        ? "Another user may have signed in since the call began: the tokens do not identify their users"
        : "Another user has signed in since the call began",
  });
}

/**
 * Settles as the promise does, or rejects when the signal aborts first; the promise itself
 * continues.
 */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    const done = () => signal.removeEventListener("abort", abort);
    promise.then(resolve, reject).finally(done);
  });
}

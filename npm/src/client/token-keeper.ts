/** Gets tokens from Better Auth, one for all who call at once, and keeps the last in memory. */
import { ApiError } from "./error.ts";
import { Token } from "./token.ts";

/**
 * What is needed of Better Auth's client: `createAuthClient({ plugins: [jwtClient()] })` has it.
 * Anything else that gives tokens can stand in.
 */
export interface AuthClient {
  /** `GET /api/auth/token` with the session's cookie. */
  token(options: {
    fetchOptions: { signal: AbortSignal; cache: "no-store" };
  }): Promise<TokenAnswer>;
  /** Tells of sign-ins, sign-outs and changes of the user. */
  $store?: { listen(signal: "$sessionSignal", listener: () => void): void };
}

/** Better Auth's answer, by itself or, with `throw: true`, as its data alone. */
export type TokenAnswer =
  | { data: { token: string } | null; error: { status: number } | null }
  | { token: string };

/** How long Better Auth may take, in milliseconds. */
const TIMEOUT = 10_000;
/** Under what Better Auth's client tells other tabs of a sign-out, in `localStorage`. */
const OTHER_TABS = "better-auth.message";

/** @internal */
export class TokenKeeper {
  readonly #authClient: AuthClient;
  #kept: Token | undefined;
  #asked: Promise<Token> | undefined;
  /** Counts what has been forgotten: what was asked for before belongs to nobody. */
  #sessions = 0;

  constructor(authClient: AuthClient) {
    this.#authClient = authClient;
    authClient.$store?.listen("$sessionSignal", () => this.forget());
    globalThis.window?.addEventListener?.("storage", ({ key }) => {
      if (key === OTHER_TABS) this.forget();
    });
  }

  /** Forgets the token, and lets no answer count that is still under way. */
  forget(): void {
    this.#sessions++;
    this.#kept = undefined;
    this.#asked = undefined;
  }

  /** Forgets this token, if it is still the one that is kept. */
  discard(token: Token): void {
    if (this.#kept === token) this.#kept = undefined;
  }

  /**
   * A token to send. Who aborts stops waiting, and disturbs nobody else who waits.
   *
   * @param isSafe whether the call changes nothing, so that it may be made where two tokens do not
   * tell whether they are for the same user
   * @throws {ApiError} `signed_out`, `token_unavailable`, `session_changed`
   */
  async take(isSafe: boolean, signal: AbortSignal | undefined): Promise<Token> {
    let earlier: Token | undefined;
    for (;;) {
      const session = this.#sessions;
      const isCurrent = () => session === this.#sessions;
      try {
        const token = await this.#next(signal);
        if (earlier) refuseAnother(earlier, token, isSafe);
        if (isCurrent()) return token;
        earlier = token;
      } catch (error) {
        // an answer to somebody who has signed in since
        if (isCurrent() || !isSignedOut(error)) throw error;
      }
    }
  }

  /**
   * Another token in place of one that was refused. Of all who come with the same token the first
   * asks.
   *
   * @throws {ApiError} as {@link take} does
   */
  async replace(refused: Token, isSafe: boolean, signal: AbortSignal | undefined): Promise<Token> {
    this.discard(refused);
    const token = await this.take(isSafe, signal);
    refuseAnother(refused, token, isSafe);
    return token;
  }

  async #next(signal: AbortSignal | undefined): Promise<Token> {
    const kept = this.#kept;
    if (kept && !kept.isDue) return kept;
    const asked = this.#ask();
    // nobody has to wait while the old one is good, nor does it matter yet if there is no new one
    if (kept && !kept.isOver) return kept;
    return unlessAborted(asked, signal);
  }

  #ask(): Promise<Token> {
    if (this.#asked) return this.#asked;
    const asked = requestToken(this.#authClient);
    this.#asked = asked;
    const settle = (token?: Token) => {
      if (this.#asked !== asked) return;
      this.#asked = undefined;
      if (token) this.#kept = token;
    };
    asked.then(settle, (error: unknown) => {
      // who is signed out does not go on with a token from before
      if (this.#asked === asked && isSignedOut(error)) this.#kept = undefined;
      settle();
    });
    return asked;
  }
}

async function requestToken(authClient: AuthClient): Promise<Token> {
  const signal = AbortSignal.timeout(TIMEOUT);
  const fetchOptions = { signal, cache: "no-store" } as const;
  let answer: TokenAnswer;
  try {
    answer = await unlessAborted(authClient.token({ fetchOptions }), signal);
  } catch (error) {
    throw refusal(statusOf(error), error);
  }
  const { data, error } = "token" in answer ? { data: answer, error: null } : answer;
  if (typeof data?.token === "string" && data.token !== "") return new Token(data.token);
  throw refusal(statusOf(error));
}

function refusal(status: number, cause?: unknown): ApiError {
  if (status === 401) {
    return new ApiError({ code: "signed_out", status, message: "Nobody is signed in", cause });
  }
  const why = status === 0 ? "did not answer" : `answered ${status}`;
  const message = `Better Auth ${why} when asked for a token`;
  return new ApiError({ code: "token_unavailable", status, message, cause });
}

/** The status that an error of Better Auth's client carries. */
function statusOf(error: unknown): number {
  const status = (error as { status?: unknown } | null | undefined)?.status;
  return typeof status === "number" ? status : 0;
}

function isSignedOut(error: unknown): boolean {
  return error instanceof ApiError && error.code === "signed_out";
}

/**
 * A call that one user began is not made as another, nor one that changes something as a user who
 * may be another.
 */
function refuseAnother(earlier: Token, token: Token, isSafe: boolean): void {
  const isSame = token.isForUserOf(earlier);
  if (isSame || (isSame === undefined && isSafe)) return;
  throw new ApiError({
    code: "session_changed",
    status: 0,
    message:
      isSame === undefined
        ? "Another user may have signed in since the call began: the tokens do not say"
        : "Another user has signed in since the call began",
  });
}

/** What the promise gives, unless the signal aborts before; the promise goes on without us. */
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

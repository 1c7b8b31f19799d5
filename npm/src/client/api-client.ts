/** A `fetch` for an API behind the edge. */
import { unknownOptions } from "../unknown-options.ts";
import { ApiError, readError } from "./error.ts";
import { Base } from "./target.ts";
import type { Token } from "./token.ts";
import { type AuthClient, TokenKeeper } from "./token-keeper.ts";

/** What {@link createApiClient} needs. */
export interface ApiClientOptions {
  /** Better Auth's client with its JWT plugin: `createAuthClient({ plugins: [jwtClient()] })`. */
  authClient: AuthClient;
  /** Where the API is. The token goes nowhere else. Relative to the page, if it is relative. */
  baseURL: string | URL;
  /** In place of the runtime's own `fetch`. */
  fetch?: typeof fetch;
}

/** As for `fetch`, but for redirects: none is followed. */
export type ApiInit = Omit<RequestInit, "redirect">;

/** The same for JSON. */
export interface JsonInit extends Omit<ApiInit, "body"> {
  /** What to send as JSON. The method has to be given, as for `fetch`. */
  json?: unknown;
}

/** A client of one API for the one user who is signed in. */
export interface ApiClient {
  /**
   * Calls the API as `fetch` does, with the user's token. `/tasks` is below the base URL's path.
   *
   * After a 401 the token is renewed and the call repeated, once, and never as another user: the
   * two tokens must have the same `sub`, or the same `uuid` or `id`. Where they have none of these,
   * only GET, HEAD and OPTIONS are repeated. A stream as `init.body` can be sent only once, so such a
   * call is not repeated; the body of a `Request` is held in memory to be sent again.
   *
   * @throws {ApiError} for every answer but 2xx and 304, and where there is no token.
   */
  (input: string | URL | Request, init?: ApiInit): Promise<Response>;

  /**
   * The same with JSON in both directions; an empty answer is `undefined`. That the answer is a `T`
   * is the caller's word: nothing checks it.
   *
   * @throws {ApiError} as above, and `invalid_json`.
   */
  json<T = unknown>(input: string | URL | Request, init?: JsonInit): Promise<T>;

  /**
   * Forgets the token: the next call asks for another. Better Auth's client tells of sign-ins and
   * sign-outs by itself, but only a moment after they are done: call this after a sign-in or
   * sign-out if API calls follow in the same breath.
   */
  forgetToken(): void;
}

/**
 * Makes a client. Nothing is asked for before the first call; the token is kept in memory alone, is
 * shared by all calls and renewed before it expires.
 *
 * One client is for one user: in a browser make one, on a server one for each request.
 *
 * @throws {TypeError} if `baseURL` is no http(s) URL, or if there is an option that is none.
 *
 * @example
 * const authClient = createAuthClient({ plugins: [jwtClient()] });
 * const api = createApiClient({ authClient, baseURL: "https://api.example.com" });
 *
 * const tasks = await api.json<Task[]>(`/api/${user.uuid}/tasks`);
 * await api.json(`/api/${user.uuid}/tasks`, { method: "POST", json: { title: "Rest" } });
 */
export function createApiClient(options: ApiClientOptions): ApiClient {
  const unknown = unknownOptions(options, ["authClient", "baseURL", "fetch"]);
  if (unknown !== undefined) throw new TypeError(unknown);
  const base = new Base(options.baseURL);
  const keeper = new TokenKeeper(options.authClient);
  // looked up late, so that whoever replaces the global one is heard
  const send: typeof fetch = (input, init) => (options.fetch ?? fetch)(input, init);

  const call = async (input: string | URL | Request, init: ApiInit = {}): Promise<Response> => {
    const request = isRequest(input) ? input : undefined;
    const target = base.resolve(request ? request.url : (input as string | URL));
    const signal = init.signal ?? request?.signal;
    signal?.throwIfAborted();
    const isSafe = SAFE_METHODS.includes((init.method ?? request?.method ?? "GET").toUpperCase());

    const attempt = (token: Token): Promise<Response> => {
      const headers = new Headers(init.headers ?? request?.headers);
      headers.set("authorization", `Bearer ${token.value}`);
      return send(request?.clone() ?? target, { ...init, headers, redirect: "manual" });
    };

    const token = await keeper.take(isSafe, signal);
    const first = await attempt(token);
    if (first.status !== 401) return accept(first);

    const refusal = await readError(first);
    if (!isRepeatable(init.body) || !(isSafe || token.isNamed)) {
      keeper.discard(token);
      throw refusal;
    }
    return accept(await attempt(await keeper.replace(token, isSafe, signal)));
  };

  const json = async <T>(input: string | URL | Request, init: JsonInit = {}): Promise<T> => {
    const { json: value, ...rest } = init;
    const headers = new Headers(rest.headers ?? (isRequest(input) ? input.headers : undefined));
    if (!headers.has("accept")) headers.set("accept", "application/json");
    if (value === undefined) return readJson(await call(input, { ...rest, headers }));
    headers.set("content-type", "application/json");
    return readJson(await call(input, { ...rest, headers, body: JSON.stringify(value) }));
  };

  return Object.assign(call, { json, forgetToken: () => keeper.forget() });
}

/** They change nothing (RFC 9110, section 9.2.1). */
const SAFE_METHODS = ["GET", "HEAD", "OPTIONS"];

/** The answer, if it is a good one. */
async function accept(response: Response): Promise<Response> {
  if (response.ok || response.status === 304) return response;
  if (response.type === "opaqueredirect" || REDIRECTS.includes(response.status)) {
    const location = response.headers.get("location");
    await response.body?.cancel();
    throw new ApiError({
      code: "redirected",
      status: response.status,
      message:
        `The API answered with a redirect${location ? ` to ${location}` : ""}, which is not ` +
        "followed. FastAPI redirects where a slash at the end is missing or too many",
      requestId: response.headers.get("x-request-id") ?? undefined,
      response,
    });
  }
  throw await readError(response);
}

const REDIRECTS = [301, 302, 303, 307, 308];

async function readJson<T>(response: Response): Promise<T> {
  const text = await response.text();
  // what an empty answer means is for the caller's type to say
  if (text === "") return undefined as T;
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new ApiError({
      code: "invalid_json",
      status: response.status,
      message: "The API's answer is not JSON",
      requestId: response.headers.get("x-request-id") ?? undefined,
      response,
      cause,
    });
  }
}

/** Streams, and what Node takes for one, are gone when they have been sent. */
function isRepeatable(body: ApiInit["body"]): boolean {
  if (typeof body !== "object" || body === null) return true;
  return !("getReader" in body) && !(Symbol.asyncIterator in body);
}

/** Not `instanceof`: it may come from a page's frame, or another implementation. */
function isRequest(input: string | URL | Request): input is Request {
  return typeof input === "object" && "url" in input;
}

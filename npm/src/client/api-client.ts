import { unknownOptions } from "../unknown-options.ts";
import { BaseURL } from "./base-url.ts";
import { ApiError, readError } from "./error.ts";
import type { Token } from "./token.ts";
import { type AuthClient, TokenSource } from "./token-source.ts";

/** Options of {@link createApiClient}. */
export interface ApiClientOptions {
  /**
   * Better Auth's client with `jwtClient()`: `createAuthClient({ plugins: [jwtClient()] })`.
   * Required.
   */
  authClient: AuthClient;
  /**
   * The http(s) URL of the API, without a query or a fragment. Required. The client sends the token
   * only to URLs below it. In a browser, a relative URL resolves against the page.
   */
  baseURL: string | URL;
  /** Sends the requests. Default: the runtime's `fetch`. */
  fetch?: typeof fetch;
}

/**
 * Options of a request: those of `fetch`, without `redirect`, because the client follows no
 * redirect.
 */
export type ApiInit = Omit<RequestInit, "redirect">;

/** Options of {@link ApiClient.json}: those of {@link ApiInit} with `json` instead of `body`. */
export interface JsonInit extends Omit<ApiInit, "body"> {
  /** The value to send as JSON. The default method is `GET`, as for `fetch`: set `method` too. */
  json?: unknown;
}

/** Calls one API as the signed-in user. Made by {@link createApiClient}. */
export interface ApiClient {
  /**
   * Sends a request as `fetch` does, with the user's token. `/tasks` resolves below the base URL's
   * path.
   *
   * After a 401 the client renews the token and repeats the request once. It never repeats a
   * request as another user: the tokens must agree in each of `sub` and `uuid` that both contain,
   * or in `id` if one has neither. If the tokens do not identify their users, the client repeats
   * only GET, HEAD and OPTIONS. A stream in `init.body` can be sent once, so such a request is not
   * repeated. The body of a `Request` is held in memory for the repeat.
   *
   * @param input a path or an absolute URL below `baseURL`, or a `Request` for one
   * @param init options as for `fetch`, except `redirect`
   * @returns the response, whose status is 2xx or 304
   * @throws {ApiError} for every other status, and when no token is available
   * @throws `DOMException` or `TypeError`, as `fetch` does, on an abort or a network error
   */
  (input: string | URL | Request, init?: ApiInit): Promise<Response>;

  /**
   * Sends and receives JSON.
   *
   * The client does not validate the response: `T` is the caller's assertion.
   *
   * @param input as for the call itself
   * @param init options as for `fetch`, with `json` instead of `body`
   * @returns the parsed response body; `undefined` for an empty body
   * @throws {ApiError} as the call itself does, and `invalid_json`
   */
  json<T = unknown>(input: string | URL | Request, init?: JsonInit): Promise<T>;

  /**
   * Removes the cached token, so that the next request fetches a new one.
   *
   * Better Auth's client reports sign-ins and sign-outs with a delay. Call this function if an API
   * request follows a sign-in or a sign-out immediately.
   */
  forgetToken(): void;
}

/**
 * Makes an API client: a `fetch` that obtains, caches and renews the user's token.
 *
 * The client fetches nothing before the first request. It caches the token in memory only, shares
 * it between all requests, and renews it before it expires. One client serves one user: make one in
 * a browser, and one for each request on a server.
 *
 * @param options Better Auth's client and the API's base URL
 * @returns the client
 * @throws {TypeError} if `baseURL` is not an http(s) URL, or if an option is unknown
 *
 * @example
 * ```ts
 * const authClient = createAuthClient({ plugins: [jwtClient()] });
 * const api = createApiClient({ authClient, baseURL: "https://api.example.com" });
 *
 * const tasks = await api.json<Task[]>(`/api/${user.uuid}/tasks`);
 * await api.json(`/api/${user.uuid}/tasks`, { method: "POST", json: { title: "Rest" } });
 * ```
 */
export function createApiClient(options: ApiClientOptions): ApiClient {
  const unknown = unknownOptions(options, ["authClient", "baseURL", "fetch"]);
  if (unknown !== undefined) throw new TypeError(unknown);
  const base = new BaseURL(options.baseURL);
  const tokens = new TokenSource(options.authClient);
  // read at each call, so that a global `fetch` that is replaced later takes effect
  const send: typeof fetch = (input, init) => (options.fetch ?? fetch)(input, init);

  const call = async (input: string | URL | Request, init: ApiInit = {}): Promise<Response> => {
    const request = isRequest(input) ? input : undefined;
    const url = base.resolve(request ? request.url : (input as string | URL));
    const signal = init.signal ?? request?.signal;
    signal?.throwIfAborted();
    const isSafe = SAFE_METHODS.includes((init.method ?? request?.method ?? "GET").toUpperCase());

    const attempt = (token: Token): Promise<Response> => {
      const headers = new Headers(init.headers ?? request?.headers);
      headers.set("authorization", `Bearer ${token.value}`);
      return send(request?.clone() ?? url, { ...init, headers, redirect: "manual" });
    };

    const token = await tokens.get(isSafe, signal);
    const first = await attempt(token);
    if (first.status !== 401) return checked(first);

    const rejection = await readError(first);
    if (!isRepeatable(init.body) || !(isSafe || token.identifiesUser)) {
      tokens.discard(token);
      throw rejection;
    }
    return checked(await attempt(await tokens.renew(token, isSafe, signal)));
  };

  const json = async <T>(input: string | URL | Request, init: JsonInit = {}): Promise<T> => {
    const { json: value, ...rest } = init;
    const headers = new Headers(rest.headers ?? (isRequest(input) ? input.headers : undefined));
    if (!headers.has("accept")) headers.set("accept", "application/json");
    if (value === undefined) return readJson(await call(input, { ...rest, headers }));
    headers.set("content-type", "application/json");
    return readJson(await call(input, { ...rest, headers, body: JSON.stringify(value) }));
  };

  return Object.assign(call, { json, forgetToken: () => tokens.clear() });
}

/** Methods that change nothing on the server (RFC 9110, section 9.2.1). */
const SAFE_METHODS = ["GET", "HEAD", "OPTIONS"];

/** Returns a successful response, and throws an {@link ApiError} for any other. */
async function checked(response: Response): Promise<Response> {
  if (response.ok || response.status === 304) return response;
  if (response.type === "opaqueredirect" || REDIRECTS.includes(response.status)) {
    const location = response.headers.get("location");
    await response.body?.cancel();
    throw new ApiError({
      code: "redirected",
      status: response.status,
      message:
        `The API redirects${location ? ` to ${location}` : ""}, and the client follows no redirect. ` +
        "FastAPI redirects when the path has a trailing slash too many or too few",
      requestId: response.headers.get("x-request-id") ?? undefined,
      response,
    });
  }
  throw await readError(response);
}

const REDIRECTS = [301, 302, 303, 307, 308];

async function readJson<T>(response: Response): Promise<T> {
  const text = await response.text();
  // the caller's type says whether the body can be empty
  if (text === "") return undefined as T;
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new ApiError({
      code: "invalid_json",
      status: response.status,
      message: "The API's response is not JSON",
      requestId: response.headers.get("x-request-id") ?? undefined,
      response,
      cause,
    });
  }
}

/**
 * Whether a body can be sent twice: streams, and what Node treats as one, are consumed when sent.
 */
function isRepeatable(body: ApiInit["body"]): boolean {
  if (typeof body !== "object" || body === null) return true;
  return !("getReader" in body) && !(Symbol.asyncIterator in body);
}

/** Not `instanceof`: the request may come from another frame, or be another implementation's. */
function isRequest(input: string | URL | Request): input is Request {
  return typeof input === "object" && "url" in input;
}

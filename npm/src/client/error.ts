/** A problem response (RFC 9457) as the edge sends it. FastAPI's own errors have `detail` only. */
export interface Problem {
  /** A URL that documents the code. */
  type?: string;
  /** The kind of error, in a few words that do not change. */
  title?: string;
  /** The HTTP status. */
  status?: number;
  /** The error's code, as listed in `docs/errors.md`. */
  code?: string;
  /**
   * What is wrong with this request: a sentence from the edge, a list from FastAPI's validation.
   */
  detail?: unknown;
  /** The request's ID in the logs of the edge and the origin server. */
  request_id?: string;
  /** Any other member of the response. */
  [member: string]: unknown;
}

/** The codes that the client itself sets. Every other code comes from the problem response. */
export type ClientCode =
  /** The response is an error without a code. */
  | "http_error"
  /** The response is a redirect. The client follows none, because the token would go with it. */
  | "redirected"
  /** The response to {@link ApiClient.json} is not JSON. */
  | "invalid_json"
  /** The URL is not below `baseURL`, so the client does not send the token to it. */
  | "foreign_url"
  /** No user is signed in: Better Auth responded with 401 to the request for a token. */
  | "signed_out"
  /**
   * Another user signed in, or may have, since the call started. The client did not send the call,
   * or did not repeat it, as that user.
   */
  | "session_changed"
  /** Better Auth could not be reached, or returned no token. */
  | "token_unavailable";

/** The members of an {@link ApiError}, for its constructor. */
export interface ApiErrorDetails {
  /** See {@link ApiError.code}. */
  code: string;
  /** See {@link ApiError.status}. */
  status: number;
  /** A sentence for people. */
  message: string;
  /** See {@link ApiError.detail}. */
  detail?: string | undefined;
  /** See {@link ApiError.requestId}. */
  requestId?: string | undefined;
  /** See {@link ApiError.problem}. */
  problem?: Problem | undefined;
  /** See {@link ApiError.response}. */
  response?: Response | undefined;
  /** The error that caused this one. */
  cause?: unknown;
}

/**
 * The error of a failed call: the API responded with an error, or the client could not send the
 * call as the signed-in user. Network errors and aborts are thrown as `fetch` throws them.
 *
 * @example
 * ```ts
 * try {
 *   await api.json(`/api/${user.uuid}/tasks`);
 * } catch (error) {
 *   if (error instanceof ApiError && error.code === "signed_out") location.assign("/sign-in");
 *   else throw error;
 * }
 * ```
 */
export class ApiError extends Error {
  static {
    // Stack traces show the name, and minifiers remove it. SWC minifies a static field wrongly.
    Object.defineProperty(ApiError, "name", { value: "ApiError" });
  }

  override name = "ApiError";
  /** The code of the problem response, such as `user_mismatch`, or a {@link ClientCode}. */
  readonly code: string;
  /** The HTTP status of the response; 0 if there is no response. */
  readonly status: number;
  /** What is wrong with this request, if the response says so in a string. */
  readonly detail: string | undefined;
  /** The request's ID in the server's logs. */
  readonly requestId: string | undefined;
  /** The response's body, if it is a JSON object. */
  readonly problem: Problem | undefined;
  /** The response, for its headers; its body has been read. */
  readonly response: Response | undefined;

  /** @param details the error's members */
  constructor(details: ApiErrorDetails) {
    super(details.message, { cause: details.cause });
    this.code = details.code;
    this.status = details.status;
    this.detail = details.detail;
    this.requestId = details.requestId;
    this.problem = details.problem;
    this.response = details.response;
  }

  /** Seconds to wait before a retry, if the response has a `Retry-After` in seconds. */
  get retryAfter(): number | undefined {
    const seconds = Number(this.response?.headers.get("retry-after") ?? Number.NaN);
    return Number.isNaN(seconds) ? undefined : seconds;
  }
}

/**
 * Makes an {@link ApiError} of a response that is an error, and reads its body.
 *
 * @internal
 */
export async function readError(response: Response): Promise<ApiError> {
  const problem = await readProblem(response);
  const { code, title } = problem ?? {};
  const detail = typeof problem?.detail === "string" ? problem.detail : undefined;
  const name = typeof title === "string" ? title : statusLine(response);
  return new ApiError({
    code: typeof code === "string" ? code : "http_error",
    status: response.status,
    message: detail === undefined ? name : `${name}: ${detail}`,
    detail,
    requestId: requestId(problem, response),
    problem,
    response,
  });
}

/** Reads the body only if it is JSON: a program cannot use a proxy's error page. */
async function readProblem(response: Response): Promise<Problem | undefined> {
  const type = response.headers.get("content-type") ?? "";
  if (!/^application\/(?:[\w.-]+\+)?json\b/i.test(type)) {
    await response.body?.cancel();
    return undefined;
  }
  try {
    const body: unknown = await response.json();
    return isObject(body) ? body : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function requestId(problem: Problem | undefined, response: Response): string | undefined {
  if (typeof problem?.request_id === "string") return problem.request_id;
  return response.headers.get("x-request-id") ?? undefined;
}

function statusLine({ status, statusText }: Response): string {
  return `The API responded with ${status}${statusText && ` ${statusText}`}`;
}

function isObject(value: unknown): value is Problem {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

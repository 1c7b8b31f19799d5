/** Why a call of the API client failed. */

/** A problem response (RFC 9457) as the edge gives it; FastAPI's own errors have `detail` alone. */
export interface Problem {
  /** A URL that explains the code. */
  type?: string;
  /** What is wrong, in a few words that do not change. */
  title?: string;
  /** The HTTP status. */
  status?: number;
  /** What names the error; docs/errors.md lists them. */
  code?: string;
  /** What is wrong with this request. FastAPI's validation errors have a list here. */
  detail?: unknown;
  /** What the edge's log and the origin's call this request. */
  request_id?: string;
  /** Whatever else the answer says. */
  [member: string]: unknown;
}

/** The codes that the client gives by itself; all others are those of the problem response. */
export type ClientCode =
  /** The answer is an error, and says no code. */
  | "http_error"
  /** The answer is a redirect, which is never followed: the token would go elsewhere. */
  | "redirected"
  /** The answer is not the JSON that was asked for. */
  | "invalid_json"
  /** The URL is not below `baseURL`, so it gets no token. */
  | "foreign_url"
  /** Nobody is signed in: Better Auth gave 401 for the token. */
  | "signed_out"
  /**
   * Another user has signed in since the call began, or may have; it was not made, or not repeated,
   * as them.
   */
  | "session_changed"
  /** Better Auth could not be asked for a token, or gave none. */
  | "token_unavailable";

/** What an {@link ApiError} is made of. */
export interface ApiErrorDetails {
  code: string;
  status: number;
  message: string;
  detail?: string | undefined;
  requestId?: string | undefined;
  problem?: Problem | undefined;
  response?: Response | undefined;
  cause?: unknown;
}

/**
 * A call failed: the API answered with an error, or the call could not be made as the user who is
 * signed in. Failures of the network itself and aborts are thrown as `fetch` throws them.
 *
 * @example
 * try {
 *   await api.json(`/api/${user.uuid}/tasks`);
 * } catch (error) {
 *   if (error instanceof ApiError && error.code === "signed_out") location.assign("/sign-in");
 *   else throw error;
 * }
 */
export class ApiError extends Error {
  static {
    // traces and `console.log` show it, and minifying takes it away; a static field is minified wrongly by SWC
    Object.defineProperty(ApiError, "name", { value: "ApiError" });
  }

  override name = "ApiError";
  /** The problem's code, such as `user_mismatch`, or a {@link ClientCode}. */
  readonly code: string;
  /** The HTTP status of the answer; 0 where there was none. */
  readonly status: number;
  /** What is wrong with this request, where the answer says so in words. */
  readonly detail: string | undefined;
  /** What the server's logs call this request. */
  readonly requestId: string | undefined;
  /** The answer's JSON object, where it is one. */
  readonly problem: Problem | undefined;
  /** The answer, for its headers; its body has been read. */
  readonly response: Response | undefined;

  constructor(details: ApiErrorDetails) {
    super(details.message, { cause: details.cause });
    this.code = details.code;
    this.status = details.status;
    this.detail = details.detail;
    this.requestId = details.requestId;
    this.problem = details.problem;
    this.response = details.response;
  }

  /** Seconds until it may be worth another try, where the answer says so (`Retry-After`). */
  get retryAfter(): number | undefined {
    const seconds = Number(this.response?.headers.get("retry-after") ?? Number.NaN);
    return Number.isNaN(seconds) ? undefined : seconds;
  }
}

/** Reads an answer that is an error. */
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

/** JSON alone is read: an error page of some proxy says nothing to a program. */
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
  return `The API answered ${status}${statusText && ` ${statusText}`}`;
}

function isObject(value: unknown): value is Problem {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

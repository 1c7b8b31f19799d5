import { type HttpResponse, request } from "../http.ts";
import { parseObject } from "../json.ts";
import { withProgress } from "../terminal.ts";

/** A deployed edge, as a client reaches it. */
export class Deployment {
  readonly origin: string;
  /** A path that should require a token. */
  readonly path: string;
  /** All responses so far, for the checks that compare them. */
  readonly responses: HttpResponse[] = [];

  constructor(url: URL, path: string) {
    this.origin = url.origin;
    this.path = path;
  }

  /**
   * Fetches the edge's health: `status` is `ok`, `keys_unavailable`, `revocations_unavailable` or
   * `misconfigured`.
   */
  health(): Promise<HttpResponse> {
    return this.request("/.well-known/better-auth-edge/health");
  }

  /** Fetches the keys of the edge's assertions. */
  jwks(): Promise<HttpResponse> {
    return this.request("/.well-known/better-auth-edge/jwks.json");
  }

  /** Sends an empty message to where the edge receives events. An edge with a store refuses it. */
  event(): Promise<HttpResponse> {
    const headers = { "content-type": "application/jwt" };
    return this.request("/.well-known/better-auth-edge/events", { method: "POST", headers });
  }

  /**
   * Sends a request to the path that should require a token, or to another one.
   *
   * @throws {NoResponse} if the edge does not respond
   */
  async request(path = this.path, init: RequestInit = {}): Promise<HttpResponse> {
    const url = new URL(path, this.origin);
    const response = await withProgress(`requesting ${url.host}`, request(url, asScript(init)));
    this.responses.push(response);
    return response;
  }
}

/**
 * Marks the request as a script's: an edge in Next.js redirects navigations to the sign-in page.
 */
function asScript(init: RequestInit): RequestInit {
  const headers = new Headers(init.headers);
  headers.set("sec-fetch-dest", "empty");
  return { ...init, headers };
}

/** The code of the edge's problem response; `undefined` for any other response. */
export function problemCode({ headers, text }: HttpResponse): string | undefined {
  if (!headers.get("content-type")?.startsWith("application/problem+json")) return undefined;
  const { code } = parseObject(text) ?? {};
  return typeof code === "string" ? code : undefined;
}

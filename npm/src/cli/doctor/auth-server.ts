import { text as readAll } from "node:stream/consumers";
import { UsageError } from "../arguments.ts";
import { type HttpResponse, request } from "../http.ts";
import { parseObject } from "../json.ts";
import { withProgress } from "../terminal.ts";

/** The header that shows Better Auth a session. */
export type Session = { cookie: string } | { authorization: string };

/**
 * Reads a session from standard input: a `Cookie` header, or a session token. Other users of the
 * machine can see a command line.
 *
 * @throws {UsageError} if it is empty, or cannot be a header
 */
export async function readSession(): Promise<Session> {
  if (process.stdin.isTTY) {
    process.stderr.write("Paste the test user's Cookie header, then press Enter and Ctrl-D:\n");
  }
  const text = (await readAll(process.stdin)).trim();
  if (text === "") throw new UsageError("--sign-out reads a session, and standard input is empty");
  const value = text.replace(/^(?:cookie:|(?:authorization:\s*)?bearer\s)\s*/i, "");
  if (!/^[\x20-\x7e]+$/.test(value)) {
    throw new UsageError("standard input is neither one Cookie header nor a session token");
  }
  // base64 may end with =, but nothing follows
  const isCookie = /^[^\s=;/]+=[^=]/.test(value);
  return isCookie ? { cookie: value } : { authorization: `Bearer ${value}` };
}

/** Better Auth, as the user of a session reaches it. */
export class AuthServer {
  readonly #jwksUrl: URL;
  readonly #session: Session;

  /** @param jwksUrl the URL of the keys, which is below Better Auth's base path */
  constructor(jwksUrl: URL, session: Session) {
    this.#jwksUrl = jwksUrl;
    this.#session = session;
  }

  /**
   * Fetches a token of the session.
   *
   * @throws {NoResponse} if the server does not respond
   */
  token(): Promise<HttpResponse> {
    return this.#request("token");
  }

  /** The token in the response; `undefined` if the response has no token. */
  tokenIn({ status, text }: HttpResponse): string | undefined {
    const { token } = parseObject(text) ?? {};
    return status === 200 && typeof token === "string" ? token : undefined;
  }

  /**
   * Ends the session.
   *
   * @throws {NoResponse} if the server does not respond
   */
  signOut(): Promise<HttpResponse> {
    // Better Auth refuses a POST with a cookie from an unknown origin
    const headers = { origin: this.#jwksUrl.origin, "content-type": "application/json" };
    return this.#request("sign-out", { method: "POST", headers, body: "{}" });
  }

  #request(name: string, { headers, ...init }: RequestInit = {}): Promise<HttpResponse> {
    const url = new URL(name, this.#jwksUrl);
    const all = { ...(headers as Record<string, string>), ...this.#session };
    return withProgress(`requesting ${url.host}`, request(url, { ...init, headers: all }));
  }
}

import { version } from "./version.ts";

/** A response with its whole body. */
export interface HttpResponse {
  status: number;
  headers: Headers;
  /** The body as text, at most {@link MAX_BYTES}. A byte order mark is still in it. */
  text: string;
  /** When the request was sent, in milliseconds since 1970. */
  sent: number;
  /** When the response arrived, in milliseconds since 1970. */
  received: number;
}

/** The server sent no usable response. The message says why, as half a sentence. */
export class NoResponse extends Error {
  override name = "NoResponse";
}

/** Milliseconds that a response may take: the edge's own default for key sets. */
const TIMEOUT = 5_000;
const MAX_BYTES = 1024 * 1024;

/**
 * Sends one request as the edge does: without following redirects, and with a timeout.
 *
 * @throws {NoResponse} if the connection fails, the server is too slow, or the response is too
 *   large
 */
export async function request(url: URL, init: RequestInit = {}): Promise<HttpResponse> {
  const sent = Date.now();
  try {
    const signal = AbortSignal.timeout(TIMEOUT);
    const response = await fetch(url, { ...withUserAgent(init), redirect: "manual", signal });
    const received = Date.now();
    const { status, headers } = response;
    return { status, headers, text: await readText(response), sent, received };
  } catch (error) {
    throw error instanceof NoResponse ? error : new NoResponse(describeFailure(error));
  }
}

/** A URL as messages name it. Its query may contain a secret. */
export function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, "");
}

/** Adds a `User-Agent`, because firewalls reject requests without one. */
export function withUserAgent(init: RequestInit = {}): RequestInit {
  const headers = new Headers(init.headers);
  if (!headers.has("user-agent")) headers.set("user-agent", `better-auth-edge/${version()}`);
  return { ...init, headers };
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MAX_BYTES) throw new NoResponse("the response is larger than a megabyte");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Says why `fetch` rejected, as half a sentence. */
export function describeFailure(error: unknown): string {
  if (error instanceof Error && error.name === "TimeoutError") {
    return `the server did not respond within ${TIMEOUT / 1000} s`;
  }
  const code = codeOf(error) ?? codeOf((error as { cause?: unknown }).cause);
  return (code && DESCRIPTIONS[code]) || `the connection failed${code ? ` (${code})` : ""}`;
}

function codeOf(error: unknown): string | undefined {
  const { code, errors } = (error ?? {}) as { code?: unknown; errors?: unknown[] };
  // an error for each address of the host
  return typeof code === "string" ? code : errors?.map(codeOf).find(Boolean);
}

const DESCRIPTIONS: Record<string, string> = {
  ECONNREFUSED: "no server listens at this address (ECONNREFUSED)",
  ECONNRESET: "the server closed the connection (ECONNRESET)",
  ENOTFOUND: "the host does not exist (ENOTFOUND)",
  EAI_AGAIN: "the host name could not be resolved (EAI_AGAIN)",
  ETIMEDOUT: "the server does not respond (ETIMEDOUT)",
  UND_ERR_CONNECT_TIMEOUT: "the server does not respond (UND_ERR_CONNECT_TIMEOUT)",
  UND_ERR_SOCKET: "the server closed the connection",
  DEPTH_ZERO_SELF_SIGNED_CERT:
    "the server's certificate is self-signed (DEPTH_ZERO_SELF_SIGNED_CERT)",
  CERT_HAS_EXPIRED: "the server's certificate has expired (CERT_HAS_EXPIRED)",
  ERR_TLS_CERT_ALTNAME_INVALID:
    "the server's certificate is for another host (ERR_TLS_CERT_ALTNAME_INVALID)",
};

/** Asks servers as the edge does: without following redirects, without waiting for ever. */

import { version } from "./version.ts";

/** An answer, read. */
export interface Answer {
  status: number;
  headers: Headers;
  /** At most {@link MAX_BYTES}; a byte order mark is still in it. */
  text: string;
  /** When the question went out and the answer came in, in milliseconds since 1970. */
  sent: number;
  received: number;
}

/** There was no answer; the message says why, as half a sentence. */
export class NoAnswer extends Error {
  override name = "NoAnswer";
}

/** Milliseconds: what the edge waits for keys unless it is told otherwise. */
const TIMEOUT = 5_000;
const MAX_BYTES = 1024 * 1024;

/**
 * Asks once.
 *
 * @throws {NoAnswer}
 */
export async function ask(url: URL, init: RequestInit = {}): Promise<Answer> {
  const sent = Date.now();
  try {
    const signal = AbortSignal.timeout(TIMEOUT);
    const response = await fetch(url, { ...named(init), redirect: "manual", signal });
    const received = Date.now();
    const { status, headers } = response;
    return { status, headers, text: await readText(response), sent, received };
  } catch (error) {
    throw error instanceof NoAnswer ? error : new NoAnswer(why(error));
  }
}

/** The same request, which says who sends it: firewalls refuse what does not. */
export function named(init: RequestInit = {}): RequestInit {
  const headers = new Headers(init.headers);
  if (!headers.has("user-agent")) headers.set("user-agent", `better-auth-edge/${version()}`);
  return { ...init, headers };
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MAX_BYTES) throw new NoAnswer("the answer is larger than a megabyte");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Why fetch gave no answer, in words. */
export function why(error: unknown): string {
  if (error instanceof Error && error.name === "TimeoutError") {
    return `it did not answer within ${TIMEOUT / 1000} s`;
  }
  const code = codeOf(error) ?? codeOf((error as { cause?: unknown }).cause);
  return (code && WORDS[code]) || `the connection failed${code ? ` (${code})` : ""}`;
}

function codeOf(error: unknown): string | undefined {
  const { code, errors } = (error ?? {}) as { code?: unknown; errors?: unknown[] };
  // several addresses of one name were tried
  return typeof code === "string" ? code : errors?.map(codeOf).find(Boolean);
}

const WORDS: Record<string, string> = {
  ECONNREFUSED: "nothing listens there (ECONNREFUSED)",
  ECONNRESET: "the connection was cut (ECONNRESET)",
  ENOTFOUND: "there is no such host (ENOTFOUND)",
  EAI_AGAIN: "the host's name could not be looked up (EAI_AGAIN)",
  ETIMEDOUT: "it does not answer (ETIMEDOUT)",
  UND_ERR_CONNECT_TIMEOUT: "it does not answer (UND_ERR_CONNECT_TIMEOUT)",
  UND_ERR_SOCKET: "the connection was cut",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is its own (DEPTH_ZERO_SELF_SIGNED_CERT)",
  CERT_HAS_EXPIRED: "its certificate has expired (CERT_HAS_EXPIRED)",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is another host's (ERR_TLS_CERT_ALTNAME_INVALID)",
};

import { type NextRequest, NextResponse } from "next/server.js";
import type { Admitted } from "../gateway.ts";

/**
 * Sends a request on to the origin by Next's own rewrite. Next shows nobody the answer's headers then, so that
 * a redirect leads where the origin says.
 *
 * @internal
 */
export function rewriteToOrigin({ url, headers, editAnswer }: Admitted): NextResponse {
  const response = NextResponse.rewrite(url, { request: { headers } });
  editAnswer(response.headers);
  return response;
}

/**
 * Sends a request on to the origin, and gives its answer with redirects that lead back here. Bodies stream in
 * both directions.
 *
 * An origin that cannot be reached is Next's to report, as for every rewrite: reading may be tried again, and
 * for all else this throws.
 *
 * @internal
 */
export async function fetchFromOrigin(
  request: NextRequest,
  decision: Admitted,
): Promise<NextResponse> {
  // a handshake is for a server that can upgrade the connection
  if (request.headers.has("upgrade")) return rewriteToOrigin(decision);
  const isRead = request.method === "GET" || request.method === "HEAD";
  let answer: Response;
  try {
    answer = await fetch(decision.url, {
      method: request.method,
      headers: requestHeaders(decision.headers),
      body: isRead ? null : request.body,
      // what streams is sent while the answer is awaited; the types of TypeScript's DOM lack it
      ...{ duplex: "half" },
      redirect: "manual",
      cache: "no-store",
      signal: request.signal,
    });
  } catch (error) {
    if (isRead && !request.signal.aborted) return rewriteToOrigin(decision);
    throw error;
  }
  const headers = answerHeaders(answer.headers);
  const before = new Headers(headers);
  decision.editAnswer(headers);
  for (const name of ["location", "content-location"]) {
    const url = leadingOn(headers.get(name), before.get(name), request.nextUrl);
    // absolute, as Next has `Location` in the answers of a middleware
    if (url === undefined) headers.delete(name);
    else headers.set(name, name === "location" ? url.href : asPath(url, request.nextUrl.origin));
  }
  const { status, statusText } = answer;
  return new NextResponse(answer.body, { status, statusText, headers });
}

function requestHeaders(admitted: Headers): Headers {
  const headers = new Headers(admitted);
  // that of the origin's URL
  headers.delete("host");
  // Node's fetch refuses it
  headers.delete("expect");
  // it would be decoded here, and Next compresses by itself
  headers.set("accept-encoding", "identity");
  return headers;
}

function answerHeaders(answered: Headers): Headers {
  const headers = new Headers(answered);
  for (const name of answered.keys()) {
    // a middleware tells Next by these what to do
    if (CONNECTION.includes(name) || name.startsWith("x-middleware-")) headers.delete(name);
  }
  // what fetch has decoded is neither encoded nor as long any more
  if (/^\s*(x-)?(gzip|deflate|br)\s*$/i.test(headers.get("content-encoding") ?? "")) {
    headers.delete("content-encoding");
    headers.delete("content-length");
  }
  return headers;
}

/** What is about the connection to the origin (RFC 9110, section 7.6.1). */
const CONNECTION = ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];

/**
 * Where a reference leads: below `basePath` where that is this application. What is no URL leads nowhere.
 *
 * @param before the one that the origin has sent
 */
function leadingOn(
  reference: string | null,
  before: string | null,
  { basePath, origin, pathname, search }: NextRequest["nextUrl"],
): URL | undefined {
  if (reference === null) return undefined;
  const base = new URL(basePath + pathname + search, origin);
  if (!URL.canParse(reference, base)) return undefined;
  const url = new URL(reference, base);
  const isPath = /^\/(?![/\\])/.test(reference);
  if (!isPath && reference === before) return url;
  // Next makes it relative: no header that a client sends decides which host it names
  const here = new URL(origin);
  here.pathname = basePath + url.pathname;
  here.search = url.search;
  here.hash = url.hash;
  return here;
}

/** Without the origin, where that is the application's own. */
function asPath({ href, origin, pathname, search, hash }: URL, own: string): string {
  // two slashes would begin a host
  return origin === own && !pathname.startsWith("//") ? pathname + search + hash : href;
}

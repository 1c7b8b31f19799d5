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
 * @param here the request's URL as the browser knows it, without `basePath`
 * @internal
 */
export async function fetchFromOrigin(
  request: NextRequest,
  decision: Admitted,
  here: string,
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
    const reference = leadingOn(
      headers.get(name),
      before.get(name),
      here,
      request.nextUrl.basePath,
    );
    if (reference === undefined) headers.delete(name);
    else headers.set(name, reference);
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
 * A reference as it is here: absolute, as Next has `Location` in the answers of a middleware, and below `basePath`
 * where it leads to a path of this application. What is no URL leads nowhere.
 *
 * @param before the one that the origin has sent
 */
function leadingOn(
  reference: string | null,
  before: string | null,
  here: string,
  basePath: string,
): string | undefined {
  if (reference === null) return undefined;
  const base = new URL(here);
  base.pathname = basePath + base.pathname;
  if (!URL.canParse(reference, base)) return undefined;
  const url = new URL(reference, base);
  const isPath = /^\/(?![/\\])/.test(reference);
  if (isPath || reference !== before) url.pathname = basePath + url.pathname;
  return url.href;
}

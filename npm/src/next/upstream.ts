import { type NextRequest, NextResponse } from "next/server.js";
import type { Admitted } from "../gateway.ts";

/**
 * Forwards a request to the upstream by Next's own rewrite. A middleware does not see the response
 * of a rewrite, so it does not change redirects.
 *
 * @internal
 */
export function rewriteToUpstream({ url, headers, editResponse }: Admitted): NextResponse {
  const response = NextResponse.rewrite(url, { request: { headers } });
  editResponse(response.headers);
  return response;
}

/**
 * Forwards a request to the upstream by `fetch`, and returns its response with redirects that lead
 * back to this application. Both bodies stream.
 *
 * If the upstream cannot be reached, the function retries a GET or HEAD request by a rewrite, so
 * that Next reports the error. For all other methods it throws.
 *
 * @internal
 */
export async function fetchFromUpstream(
  request: NextRequest,
  decision: Admitted,
): Promise<NextResponse> {
  // `fetch` cannot upgrade a connection; Next's rewrite can
  if (request.headers.has("upgrade")) return rewriteToUpstream(decision);
  const isRead = request.method === "GET" || request.method === "HEAD";
  let response: Response;
  try {
    response = await fetch(decision.url, {
      method: request.method,
      headers: requestHeaders(decision.headers),
      body: isRead ? null : request.body,
      // required for a stream as body; TypeScript's DOM types lack it
      ...{ duplex: "half" },
      redirect: "manual",
      cache: "no-store",
      signal: request.signal,
    });
  } catch (error) {
    if (isRead && !request.signal.aborted) return rewriteToUpstream(decision);
    throw error;
  }
  const headers = responseHeaders(response.headers);
  const before = new Headers(headers);
  decision.editResponse(headers);
  for (const name of ["location", "content-location"]) {
    const url = rewritten(headers.get(name), before.get(name), request.nextUrl);
    // Next expects an absolute `Location` from a middleware
    if (url === undefined) headers.delete(name);
    else headers.set(name, name === "location" ? url.href : pathOf(url, request.nextUrl.origin));
  }
  const { status, statusText } = response;
  return new NextResponse(response.body, { status, statusText, headers });
}

function requestHeaders(forwarded: Headers): Headers {
  const headers = new Headers(forwarded);
  // `fetch` sets the upstream's own
  headers.delete("host");
  // Node's `fetch` rejects it
  headers.delete("expect");
  // `fetch` would decode a compressed body, and Next compresses responses itself
  headers.set("accept-encoding", "identity");
  return headers;
}

function responseHeaders(received: Headers): Headers {
  const headers = new Headers(received);
  for (const name of received.keys()) {
    // `x-middleware-*` are instructions of a middleware to Next, which the upstream must not send
    if (CONNECTION_HEADERS.includes(name) || name.startsWith("x-middleware-")) headers.delete(name);
  }
  // `fetch` has decoded the body, so its encoding and length have changed
  if (/^\s*(x-)?(gzip|deflate|br)\s*$/i.test(headers.get("content-encoding") ?? "")) {
    headers.delete("content-encoding");
    headers.delete("content-length");
  }
  return headers;
}

/** Headers about the connection to the upstream (RFC 9110, section 7.6.1). */
const CONNECTION_HEADERS = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
];

/**
 * Resolves `Location` or `Content-Location` for the client: below Next's `basePath` if it leads to
 * this application. Returns `undefined` for a value that is not a URL.
 *
 * @param before the header's value as the upstream sent it
 */
function rewritten(
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
  // Next makes it relative, so that a client's headers cannot choose its host
  const here = new URL(origin);
  here.pathname = basePath + url.pathname;
  here.search = url.search;
  here.hash = url.hash;
  return here;
}

/** The URL without its origin if that is the application's own. */
function pathOf({ href, origin, pathname, search, hash }: URL, own: string): string {
  // a path that begins with two slashes would be read as a host
  return origin === own && !pathname.startsWith("//") ? pathname + search + hash : href;
}

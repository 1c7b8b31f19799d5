import { type NextFetchEvent, type NextRequest, NextResponse } from "next/server.js";
import type { Gateway, GatewayOptions, Refused } from "../gateway.ts";
import type { VerifierOptions } from "../options.ts";
import type { RequestHead } from "../request-head.ts";
import { fetchFromOrigin, rewriteToOrigin } from "./origin.ts";
import { returnPath } from "./return-path.ts";
import { signingKeys } from "./signing-keys.ts";

/** What `createMiddleware` is told: which tokens are good, which requests need what, where to sign in. */
export interface MiddlewareOptions extends VerifierOptions, GatewayOptions {
  /** Where Better Auth runs. A path in it is Better Auth's own base path, `/api/auth` otherwise. */
  baseURL: string;
  /**
   * The page to which people who are not signed in are sent, which is public; `/sign-in` by default.
   * With `false`, pages get the problem response too.
   */
  signInPath?: string | false | undefined;
  /** The query parameter by which it learns where to return to: read it by `returnPath`. `next` by default. */
  returnParameter?: string | undefined;
  /**
   * Whether a request is for a page, so that whoever is not signed in is redirected. By default what is
   * read by GET, answered by this application, and not under `/api`.
   */
  isPage?: ((request: NextRequest) => boolean) | undefined;
}

/** What `middleware.ts` exports as `middleware`, and `proxy.ts` as `proxy`. */
export type Middleware = (request: NextRequest, event: NextFetchEvent) => Promise<NextResponse>;

/**
 * The middleware of a gateway that `createGateway` makes: it is given, so that what is here needs no wasm,
 * and is the same for all runtimes.
 *
 * @internal
 */
export function middlewareOf(
  options: MiddlewareOptions,
  createGateway: (options: GatewayOptions) => Promise<Gateway>,
): Middleware {
  const { signInPath = "/sign-in", returnParameter = "next", isPage = isRead, ...rest } = options;
  let gateway: Gateway | undefined;

  return async (request, event) => {
    // what is kept is the gateway and not its promise, which may belong to another request
    gateway ??= await createGateway({
      ...rest,
      // whoever has the cookie cache checked does not want Better Auth to be asked
      sessionExchange: rest.sessionExchange ?? rest.cookieCache === undefined,
      ...signingKeys(rest),
      ownPaths: ownPaths(rest, signInPath),
      // whoever comes without a session is sent to sign in: that is no news
      logLevel: rest.logLevel ?? "error",
    });
    const head = headOf(request);
    const waitUntil = (task: Promise<unknown>) => event.waitUntil(task);
    const decision = await gateway.decide(head, waitUntil);
    if (!decision.ok) {
      const signIn = signInPath && needsSession(decision) && isPage(request);
      return signIn
        ? toSignIn(request, signInPath, returnParameter)
        : new NextResponse(decision.response.body, decision.response);
    }
    if (isSeenAsRoot(request)) {
      const index = await gateway.decide(
        { ...head, url: new URL("/index", head.url).href },
        waitUntil,
      );
      // the router then asks for the page itself
      if (!index.ok) return new NextResponse(null, { status: 404, headers: NO_STORE });
    }
    if (decision.to === "origin") {
      return rest.rewriteRedirects === false
        ? rewriteToOrigin(decision)
        : fetchFromOrigin(request, decision);
    }
    const { headers, user } = decision;
    const response = NextResponse.next({ request: { headers } });
    // a page that is made in advance would else be everybody's in a cache before this server
    if (user) response.headers.set("cache-control", PRIVATE);
    decision.editAnswer(response.headers);
    return response;
  };
}

/** A request under the path that pages have here, and the origin that browsers see. */
function headOf({ method, headers, nextUrl }: NextRequest): RequestHead {
  const first = (name: string) => headers.get(name)?.split(",")[0]?.trim();
  const scheme = first("x-forwarded-proto") ?? nextUrl.protocol.slice(0, -1);
  // Next calls every loopback address localhost
  const url = `${scheme}://${first("x-forwarded-host") ?? first("host")}`;
  const origin = URL.canParse(url) ? new URL(url).origin : nextUrl.origin;
  return { method, headers, url: origin + nextUrl.pathname + nextUrl.search };
}

/**
 * Whether the page may be `/index`, which Next shows a middleware as `/` where the request is for data, or
 * claims to be. So it must be let through as both.
 */
function isSeenAsRoot({ headers, nextUrl }: NextRequest): boolean {
  return headers.has("x-nextjs-data") && nextUrl.pathname === "/";
}

const NO_STORE = { "cache-control": "no-store" };

/** What Next says itself of pages that are made for one request. */
const PRIVATE = "private, no-cache, no-store, max-age=0, must-revalidate";

function isRead({ method, nextUrl }: NextRequest): boolean {
  return /^(GET|HEAD)$/.test(method) && !/^\/api(\/|$)/.test(nextUrl.pathname);
}

/** Whether signing in would help, and there is a page here to come back to. */
function needsSession({ to, response }: Refused): boolean {
  return to === "app" && response.status === 401;
}

function toSignIn(request: NextRequest, path: string, parameter: string): NextResponse {
  const { pathname, search } = request.nextUrl;
  const url = request.nextUrl.clone();
  url.pathname = path;
  url.search = "";
  url.searchParams.set(parameter, returnPath(pathname + search));
  const response = NextResponse.redirect(url);
  response.headers.set("cache-control", "no-store");
  return response;
}

/** Without these nobody could sign in, or would see how. */
function ownPaths(options: MiddlewareOptions, signInPath: string | false): string[] {
  const base = URL.canParse(options.baseURL) ? new URL(options.baseURL).pathname : "/";
  const authPath = base.replace(/\/$/, "") || "/api/auth";
  return [
    `${authPath}/*`,
    ...(signInPath ? [signInPath] : []),
    "/_next/static/*",
    "/_next/image",
    "/favicon.ico",
  ];
}

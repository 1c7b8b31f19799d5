import { type NextFetchEvent, type NextRequest, NextResponse } from "next/server.js";
import { EdgeAuthError } from "../error.ts";
import type { Gateway, GatewayOptions, Refused } from "../gateway.ts";
import type { VerifierOptions } from "../options.ts";
import type { RequestHead } from "../request-head.ts";
import { betterAuthPath, betterAuthPaths } from "./better-auth-paths.ts";
import { fetchFromOrigin, rewriteToOrigin } from "./origin.ts";
import { returnPath } from "./return-path.ts";
import { signingKeys } from "./signing-keys.ts";

/** What `createMiddleware` is told: which tokens are good, which requests need what, where to sign in. */
export interface MiddlewareOptions extends VerifierOptions, GatewayOptions {
  /** Where Better Auth runs. A path in it is Better Auth's own base path, `/api/auth` otherwise, or `basePath`. */
  baseURL: string;
  /**
   * The page to which people who are not signed in are sent, which is public; `/sign-in` by default.
   * With `false`, pages get the problem response too.
   */
  signInPath?: string | false | undefined;
  /**
   * The query parameter by which it learns where to return to, as browsers see the path: read it by
   * `returnPath`. `next` by default.
   */
  returnParameter?: string | undefined;
  /**
   * Whether a request is for a page, so that a visitor who is not signed in is redirected. By default what is
   * read by GET, answered by this application, and not under `/api`. What Next's router or the browser
   * fetches ahead is never redirected.
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
  const faults = ownFaults({ signInPath, returnParameter, isPage });
  // what is kept is the gateway and not its promise, which may belong to another request
  const gateways = new Map<string, Gateway>();
  const gatewayUnder = async (basePath: string): Promise<Gateway> => {
    const known = gateways.get(basePath);
    if (known) return known;
    const making = createGateway({
      ...rest,
      // whoever has the cookie cache checked does not want Better Auth to be asked
      sessionExchange: rest.sessionExchange ?? rest.cookieCache === undefined,
      ...signingKeys(rest),
      ownPaths: ownPaths(rest, faults.length === 0 && signInPath, basePath),
      // whoever comes without a session is sent to sign in: that is no news
      logLevel: rest.logLevel ?? "error",
    });
    const made = await withFaults(making, faults);
    gateways.set(basePath, made);
    return made;
  };
  if (isServerStarting()) gatewayUnder("").catch((error) => console.error(error));

  return async (request, event) => {
    const gateway = await gatewayUnder(request.nextUrl.basePath);
    const head = headOf(request);
    const waitUntil = (task: Promise<unknown>) => event.waitUntil(task);
    const decision = await gateway.decide(head, waitUntil);
    if (!decision.ok) {
      const signIn =
        signInPath && needsSession(decision) && isPage(request) && isNavigation(request.headers);
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

/** What is wrong with the options that only a middleware has. */
function ownFaults(options: { [name in OwnOption]: unknown }): string[] {
  const { signInPath, returnParameter, isPage } = options;
  const isPath = typeof signInPath === "string" && /^\/(?!\/)[^?#\\]*$/.test(signInPath);
  return [
    ...(isPath || signInPath === false
      ? []
      : ["signInPath is neither a path such as /sign-in nor false"]),
    ...(typeof returnParameter === "string" && returnParameter
      ? []
      : ["returnParameter is no name"]),
    ...(typeof isPage === "function" ? [] : ["isPage is not a function"]),
  ];
}

type OwnOption = "signInPath" | "returnParameter" | "isPage";

/** The gateway, or one error with all faults: these, and those of its own options. */
async function withFaults(making: Promise<Gateway>, faults: string[]): Promise<Gateway> {
  const others = await making.then(
    () => [],
    (error: unknown) => {
      if (error instanceof EdgeAuthError && error.code === "misconfigured") return [error.message];
      throw error;
    },
  );
  const all = [...faults, ...others];
  if (all.length > 0) throw new EdgeAuthError("misconfigured", 500, all.join("; "));
  return making;
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

/**
 * Whether a browser goes to a page, and does not have a script fetch it. Next's router would keep a redirect
 * that it has fetched ahead, and follow it after the sign-in too; at a refusal it loads the page when the visitor
 * goes there. Next hides most headers of its router from middleware, so what the browser says of the request decides
 * (Fetch Metadata Request Headers, section 2.1), and `Accept` where it says nothing: over `http`, to another host.
 */
function isNavigation(headers: Headers): boolean {
  const isAhead = AHEAD.some((name) => headers.get(name)?.includes("prefetch"));
  if (isAhead || ROUTER.some((name) => headers.has(name))) return false;
  const destination = headers.get("sec-fetch-dest");
  if (destination !== null) return destination !== "empty";
  const isBrowser = headers.get("user-agent")?.startsWith("Mozilla/");
  return !isBrowser || /text\/html|^$/.test(headers.get("accept") ?? "");
}

/** Where browsers and the router of `pages` say that they only fetch ahead. */
const AHEAD = ["sec-purpose", "purpose", "x-purpose", "x-moz"];
/** What only Next's router sends: all that it does not hide, and the rest with `skipProxyUrlNormalize`. */
const ROUTER = [
  "next-url",
  "rsc",
  "next-router-prefetch",
  "next-router-segment-prefetch",
  "x-middleware-prefetch",
];

/** The sign-in page in the visitor's language, which learns the way back as the browser knows it. */
function toSignIn(request: NextRequest, path: string, parameter: string): NextResponse {
  const url = request.nextUrl.clone();
  const { pathname, search } = new URL(url.href);
  url.pathname = path;
  url.search = "";
  url.searchParams.set(parameter, returnPath(pathname + search, url.basePath || "/"));
  const response = NextResponse.redirect(url);
  response.headers.set("cache-control", "no-store");
  return response;
}

/**
 * Whether this is a server on Node that has just loaded the middleware: it tells of faults of the options at
 * once. An edge runtime compiles nothing before the first request, and a build has other variables.
 */
function isServerStarting(): boolean {
  return process.env.NEXT_RUNTIME === "nodejs" && process.env.NEXT_PHASE !== BUILD;
}

const BUILD = "phase-production-build";

/** Without these nobody could sign in, or would see how. Rules see paths without Next's `basePath`. */
function ownPaths(
  options: MiddlewareOptions,
  signInPath: string | false,
  basePath: string,
): string[] {
  const authPath = betterAuthPath(options);
  const isWithin = authPath.startsWith(`${basePath}/`);
  return [
    ...betterAuthPaths(isWithin ? authPath.slice(basePath.length) : authPath),
    ...(signInPath ? [signInPath] : []),
    "/_next/static/*",
    "/_next/image",
    "/favicon.ico",
  ];
}

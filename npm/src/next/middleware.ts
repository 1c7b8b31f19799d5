import { type NextFetchEvent, type NextRequest, NextResponse } from "next/server.js";
import { EdgeAuthError } from "../error.ts";
import type { Gateway, GatewayOptions, Rejected } from "../gateway.ts";
import type { VerifierOptions } from "../options.ts";
import type { RequestHead } from "../request-head.ts";
import { betterAuthPath, betterAuthPaths } from "./better-auth-paths.ts";
import { returnPath } from "./return-path.ts";
import { signingKeys } from "./signing-keys.ts";
import { fetchFromUpstream, rewriteToUpstream } from "./upstream.ts";

/**
 * Options of {@link createMiddleware}: accepted tokens, rules for requests, and the sign-in page.
 */
export interface MiddlewareOptions extends VerifierOptions, GatewayOptions {
  /**
   * The URL of the Better Auth server. Required. A path in it is Better Auth's base path; without
   * one it is `basePath`, or `/api/auth`.
   */
  baseURL: string;
  /**
   * The path of the sign-in page, which is public. Users who are not signed in are redirected to
   * it. With `false`, page requests get the problem response too. Default: `/sign-in`.
   */
  signInPath?: string | false | undefined;
  /**
   * The query parameter of the sign-in page with the path to return to, as the browser shows it.
   * Read it with {@link returnPath}. Default: `next`.
   */
  returnParameter?: string | undefined;
  /**
   * Decides whether a request is for a page, so that a user who is not signed in is redirected.
   * Default: GET and HEAD requests that this application handles and whose path is not below
   * `/api`. Requests that Next's router or the browser prefetches are never redirected.
   */
  isPage?: ((request: NextRequest) => boolean) | undefined;
}

/** A Next.js middleware: the export `middleware` of `middleware.ts`, or `proxy` of `proxy.ts`. */
export type Middleware = (request: NextRequest, event: NextFetchEvent) => Promise<NextResponse>;

/**
 * Builds the middleware around a gateway. `createGateway` is a parameter so that this module needs
 * no wasm and is the same for all runtimes.
 *
 * @internal
 */
export function buildMiddleware(
  options: MiddlewareOptions,
  createGateway: (options: GatewayOptions) => Promise<Gateway>,
): Middleware {
  const {
    signInPath = "/sign-in",
    returnParameter = "next",
    isPage = isPageByDefault,
    ...rest
  } = options;
  const errors = optionErrors({ signInPath, returnParameter, isPage });
  // caches gateways and not promises: a runtime may bind a promise to the request that made it
  const gateways = new Map<string, Gateway>();
  const gatewayFor = async (basePath: string): Promise<Gateway> => {
    const cached = gateways.get(basePath);
    if (cached) return cached;
    const pending = createGateway({
      ...rest,
      // with a cookie cache, requests need no call to Better Auth
      sessionExchange: rest.sessionExchange ?? rest.cookieCache === undefined,
      ...signingKeys(rest),
      ownPaths: publicPaths(rest, errors.length === 0 && signInPath, basePath),
      // redirects to the sign-in page would fill the log
      logLevel: rest.logLevel ?? "error",
    });
    const gateway = await unlessMisconfigured(pending, errors);
    gateways.set(basePath, gateway);
    return gateway;
  };
  const started = isNodeServerStarting()
    ? gatewayFor("").catch((error) => console.error(error))
    : undefined;

  return async (request, event) => {
    // the first request of `next dev` loads this module: a second gateway would repeat its warnings
    await started;
    const gateway = await gatewayFor(request.nextUrl.basePath);
    const head = headOf(request);
    const waitUntil = (task: Promise<unknown>) => event.waitUntil(task);
    const decision = await gateway.decide(head, waitUntil);
    if (!decision.ok) {
      const signIn =
        signInPath &&
        isSessionMissing(decision) &&
        isPage(request) &&
        isNavigation(request.headers);
      return signIn
        ? redirectToSignIn(request, signInPath, returnParameter)
        : new NextResponse(decision.response.body, decision.response);
    }
    if (mayBeIndexPage(request)) {
      const index = await gateway.decide(
        { ...head, url: new URL("/index", head.url).href },
        waitUntil,
      );
      // the router then loads the page itself
      if (!index.ok) return new NextResponse(null, { status: 404, headers: NO_STORE });
    }
    if (decision.to === "origin") {
      return rest.rewriteRedirects === false
        ? rewriteToUpstream(decision)
        : fetchFromUpstream(request, decision);
    }
    const { headers, user } = decision;
    const response = NextResponse.next({ request: { headers } });
    // a shared cache in front of Next must not store the page of one user for all
    if (user) response.headers.set("cache-control", PRIVATE);
    decision.editResponse(response.headers);
    return response;
  };
}

/** Errors in the options that only a middleware has. */
function optionErrors(options: { [name in MiddlewareOnlyOption]: unknown }): string[] {
  const { signInPath, returnParameter, isPage } = options;
  const isPath = typeof signInPath === "string" && /^\/(?!\/)[^?#\\]*$/.test(signInPath);
  return [
    ...(isPath || signInPath === false
      ? []
      : ["signInPath is neither a path such as /sign-in nor false"]),
    ...(typeof returnParameter === "string" && returnParameter
      ? []
      : ["returnParameter is not the name of a query parameter"]),
    ...(typeof isPage === "function" ? [] : ["isPage is not a function"]),
  ];
}

type MiddlewareOnlyOption = "signInPath" | "returnParameter" | "isPage";

/**
 * Returns the gateway, or throws one error that lists these option errors and the gateway's own.
 */
async function unlessMisconfigured(pending: Promise<Gateway>, errors: string[]): Promise<Gateway> {
  const others = await pending.then(
    () => [],
    (error: unknown) => {
      if (error instanceof EdgeAuthError && error.code === "misconfigured") return [error.message];
      throw error;
    },
  );
  const all = [...errors, ...others];
  if (all.length > 0) throw new EdgeAuthError("misconfigured", 500, all.join("; "));
  return pending;
}

/** The request's head with the path that Next's rules see and the origin that the browser sees. */
function headOf(request: NextRequest): RequestHead {
  const { method, headers, nextUrl } = request;
  const first = (name: string) => headers.get(name)?.split(",")[0]?.trim();
  const scheme = first("x-forwarded-proto") ?? nextUrl.protocol.slice(0, -1);
  // not `nextUrl.origin`: Next replaces every loopback address with localhost
  const url = `${scheme}://${first("x-forwarded-host") ?? first("host")}`;
  const origin = URL.canParse(url) ? new URL(url).origin : nextUrl.origin;
  const body = method === "POST" ? request.body : undefined;
  return { method, headers, body, url: origin + nextUrl.pathname + nextUrl.search };
}

/**
 * Whether the request may be for the page `/index`. In a data request, or one that claims to be,
 * Next shows `/index` to a middleware as `/`. So the rules must allow both.
 */
function mayBeIndexPage({ headers, nextUrl }: NextRequest): boolean {
  return headers.has("x-nextjs-data") && nextUrl.pathname === "/";
}

const NO_STORE = { "cache-control": "no-store" };

/** The value that Next itself sets for pages that it renders for one request. */
const PRIVATE = "private, no-cache, no-store, max-age=0, must-revalidate";

function isPageByDefault({ method, nextUrl }: NextRequest): boolean {
  return /^(GET|HEAD)$/.test(method) && !/^\/api(\/|$)/.test(nextUrl.pathname);
}

/** Whether a sign-in would change the decision, and this application has a page to return to. */
function isSessionMissing({ to, response }: Rejected): boolean {
  return to === "app" && response.status === 401;
}

/**
 * Whether the browser navigates to a page, as opposed to a script that fetches it.
 *
 * Next's router caches a redirect that it has prefetched, and follows it even after the sign-in.
 * After an error it loads the page when the user navigates there. Next hides most headers of its
 * router from a middleware, so the browser's `Sec-Fetch-Dest` decides (Fetch Metadata Request
 * Headers, section 2.1). Browsers omit it over `http` to a host other than localhost; then `Accept`
 * decides.
 */
function isNavigation(headers: Headers): boolean {
  const isPrefetch = PREFETCH_HEADERS.some((name) => headers.get(name)?.includes("prefetch"));
  if (isPrefetch || ROUTER_HEADERS.some((name) => headers.has(name))) return false;
  const destination = headers.get("sec-fetch-dest");
  if (destination !== null) return destination !== "empty";
  const isBrowser = headers.get("user-agent")?.startsWith("Mozilla/");
  return !isBrowser || /text\/html|^$/.test(headers.get("accept") ?? "");
}

/** Headers by which browsers and the `pages` router mark a prefetch. */
const PREFETCH_HEADERS = ["sec-purpose", "purpose", "x-purpose", "x-moz"];
/** Headers that only Next's router sends. With `skipProxyUrlNormalize`, Next hides none of them. */
const ROUTER_HEADERS = [
  "next-url",
  "rsc",
  "next-router-prefetch",
  "next-router-segment-prefetch",
  "x-middleware-prefetch",
];

/** Redirects to the sign-in page in the request's language, with the path to return to. */
function redirectToSignIn(request: NextRequest, path: string, parameter: string): NextResponse {
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
 * Whether a Node server has just loaded the middleware, so that wrong options are logged at once.
 * The edge runtime compiles no wasm before the first request, and a build has other environment
 * variables.
 */
function isNodeServerStarting(): boolean {
  return process.env.NEXT_RUNTIME === "nodejs" && process.env.NEXT_PHASE !== BUILD;
}

const BUILD = "phase-production-build";

/** The paths that a sign-in needs. The rules see paths without Next's `basePath`. */
function publicPaths(
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

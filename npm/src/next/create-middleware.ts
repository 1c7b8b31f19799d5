import { createGateway } from "../gateway.ts";
import { buildMiddleware, type Middleware, type MiddlewareOptions } from "./middleware.ts";

/**
 * Makes a Next.js middleware that authenticates every request: export it as `middleware` from
 * `middleware.ts` (edge runtime) or as `proxy` from `proxy.ts` (Node).
 *
 * A request carries a bearer token or Better Auth's session cookie. The middleware forwards the
 * requests that the rules allow, to this application or to `origin`, with the user in headers that
 * a client cannot forge. It redirects the page requests of users who are not signed in to the
 * sign-in page, and sends a problem response (RFC 9457) for everything else. Better Auth's own
 * paths, the sign-in page and Next's static files are public. With a `matcher`, the middleware does
 * not run for other paths, and `getUser` returns `null` there.
 *
 * The middleware fetches nothing before the first request, and compiles nothing on the edge
 * runtime. If options are wrong, every request fails with an `EdgeAuthError` `misconfigured` that
 * lists all errors. On Node the middleware also logs the error when the server loads it.
 *
 * @param options which tokens to accept, what each request requires, and where users sign in
 * @returns the middleware
 *
 * @example
 * ```ts
 * // proxy.ts
 * import { createMiddleware } from "better-auth-edge/next";
 *
 * export const proxy = createMiddleware({
 *   baseURL: process.env.BETTER_AUTH_URL!,
 *   origin: process.env.API_URL,
 *   edgeIssuer: process.env.EDGE_ISSUER,
 *   routes: [
 *     { path: "/", auth: "public" },
 *     { path: "/api/{user_id}/*", match: { user_id: "sub" }, to: "origin" },
 *   ],
 * });
 * ```
 */
export function createMiddleware(options: MiddlewareOptions): Middleware {
  return buildMiddleware(options, createGateway);
}

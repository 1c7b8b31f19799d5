import { createGateway } from "../gateway.ts";
import { type Middleware, type MiddlewareOptions, middlewareOf } from "./middleware.ts";

/**
 * Makes the middleware: `export const middleware` of `middleware.ts` on the edge runtime, `export const
 * proxy` of `proxy.ts` on Node.
 *
 * A request brings a bearer token or Better Auth's session cookie. What the rules let through goes on,
 * to this application or to `origin`, with who is calling in headers that no client can forge; whoever
 * is not signed in is sent to the sign-in page, and anything else is answered by problem details. Better
 * Auth's own paths, the sign-in page and Next's static files are public. Without a `matcher` nothing
 * gets by; with one, `getUser` finds nobody where it does not match.
 *
 * Nothing is fetched before the first request, and on the edge runtime nothing compiled. Where the options have
 * faults, every request fails with an `EdgeAuthError` `misconfigured` that lists them all; on Node the log has
 * it as soon as the server loads the middleware.
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
  return middlewareOf(options, createGateway);
}

// Proving who is calling, in a Next.js application: on the edge runtime and on Node.

export { EdgeAuthError, type EdgeAuthErrorCode } from "../error.ts";
export type { GatewayOptions, Route } from "../gateway.ts";
export type { VerifierOptions } from "../options.ts";
export { createMiddleware, type Middleware, type MiddlewareOptions } from "./middleware.ts";
export { returnPath } from "./return-path.ts";
export { type GetUserOptions, getUser, type ReadableHeaders, type User } from "./user.ts";

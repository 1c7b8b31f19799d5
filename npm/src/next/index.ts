/**
 * `better-auth-edge/next`: authenticates the requests of a Next.js application, on the edge runtime
 * and on Node.
 *
 * @module
 */
export { EdgeAuthError, type EdgeAuthErrorCode } from "../error.ts";
export type { GatewayOptions, Route } from "../gateway.ts";
export type { FetchImplementation, VerifierOptions } from "../options.ts";
export { memoryRevocations } from "../revocations/memory.ts";
export type {
  RevocationEntry,
  RevocationEvent,
  RevocationPage,
  RevocationStore,
} from "../revocations/store.ts";
export { createMiddleware } from "./create-middleware.ts";
export type { Middleware, MiddlewareOptions } from "./middleware.ts";
export { returnPath } from "./return-path.ts";
export type { GetUserOptions } from "./signing-keys.ts";
export { getUser, type ReadableHeaders, type User } from "./user.ts";

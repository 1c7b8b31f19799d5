/**
 * `better-auth-edge`: verifies Better Auth tokens and decides about requests, in any JavaScript
 * runtime.
 *
 * @module
 */
export { EdgeAuthError, type EdgeAuthErrorCode } from "./error.ts";
export type {
  Admitted,
  Decision,
  GatewayOptions,
  Rejected,
  Route,
} from "./gateway.ts";
export type { Algorithm, FetchImplementation, VerifierOptions } from "./options.ts";
export type { RequestHead } from "./request-head.ts";
export type { JWTHeader, JWTPayload, User, VerifyResult } from "./result.ts";
export { memoryRevocations } from "./revocations/memory.ts";
export type {
  RevocationEntry,
  RevocationEvent,
  RevocationPage,
  RevocationStore,
} from "./revocations/store.ts";
export { createVerifier, Verifier } from "./verifier.ts";
export { warmUp } from "./warm-up.ts";

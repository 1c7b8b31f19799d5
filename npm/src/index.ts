// Proving who is calling, in any JavaScript runtime.

export { EdgeAuthError, type EdgeAuthErrorCode } from "./error.ts";
export type {
  Admitted,
  Decision,
  GatewayOptions,
  Refused,
  RequestHead,
  Route,
} from "./gateway.ts";
export type { Algorithm, VerifierOptions } from "./options.ts";
export {
  createVerifier,
  type JWTHeader,
  type JWTPayload,
  type User,
  Verifier,
  type VerifyResult,
} from "./verifier.ts";

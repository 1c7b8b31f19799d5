/**
 * `better-auth-edge/client`: calls an API behind the edge as the signed-in user.
 *
 * @module
 */
export {
  type ApiClient,
  type ApiClientOptions,
  type ApiInit,
  createApiClient,
  type JsonInit,
} from "./api-client.ts";
export { ApiError, type ApiErrorDetails, type ClientCode, type Problem } from "./error.ts";
export type { AuthClient, TokenResponse } from "./token-source.ts";

/**
 * `better-auth-edge/client`: calls an API behind the edge as the user who is signed in.
 */
export {
  type ApiClient,
  type ApiClientOptions,
  type ApiInit,
  createApiClient,
  type JsonInit,
} from "./api-client.ts";
export { ApiError, type ClientCode, type Problem } from "./error.ts";
export type { AuthClient, TokenAnswer } from "./token-keeper.ts";

/**
 * `import { createApiClient } from "better-auth-edge/client"`: calls an API behind the edge as the
 * signed-in user. The guide "API client" has an example.
 *
 * @module better-auth-edge/client
 */
export * from "../../../npm/src/client/index.ts";

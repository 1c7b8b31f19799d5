/**
 * `import { createApiClient } from "better-auth-edge/client"`: calls an API behind the edge as the
 * signed-in user. The guide "API client" shows it at work.
 *
 * @module better-auth-edge/client
 */
export * from "../../../npm/src/client/index.ts";

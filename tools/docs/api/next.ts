/**
 * `import { createMiddleware } from "better-auth-edge/next"`: a Next.js application as the edge.
 * The guide "Next.js" shows an example.
 *
 * @module better-auth-edge/next
 */
export * from "../../../npm/src/next/index.ts";

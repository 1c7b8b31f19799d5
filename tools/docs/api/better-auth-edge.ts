/**
 * `import { createVerifier } from "better-auth-edge"`: verifies tokens and decides about requests,
 * in any JavaScript runtime. The page "JavaScript options" lists the options with their defaults.
 *
 * @module better-auth-edge
 */
export * from "../../../npm/src/index.ts";

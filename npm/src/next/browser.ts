// The exports of `better-auth-edge/next` for browsers. The others need the wasm and run on the
// server.

export { EdgeAuthError, type EdgeAuthErrorCode } from "../error.ts";
export { returnPath } from "./return-path.ts";

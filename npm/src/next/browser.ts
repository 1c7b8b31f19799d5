// The exports of `better-auth-edge/next` for browsers. The others run on the server, and need the wasm.

export { EdgeAuthError, type EdgeAuthErrorCode } from "../error.ts";
export { returnPath } from "./return-path.ts";

// What a browser may have of `better-auth-edge/next`: all else runs on the server and would bring the wasm.

export { EdgeAuthError, type EdgeAuthErrorCode } from "../error.ts";
export { returnPath } from "./return-path.ts";

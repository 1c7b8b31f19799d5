/**
 * The Worker: the default export of a Worker's main module.
 *
 * ```js
 * export { default, Revocations } from "better-auth-edge/worker";
 * ```
 *
 * Its settings are the variables, secrets and bindings of the deployment.
 */
declare const worker: {
  /** Handles a request. It never throws: an error is a problem response (RFC 9457). */
  fetch(request: Request, env: object, context: object): Response | Promise<Response>;
};
export default worker;

/**
 * The class of the binding `REVOCATIONS`: a Durable Object that stores which sessions have ended.
 * Without the binding, the export has no effect.
 */
export declare class Revocations {
  constructor(state: object, env: object);
}

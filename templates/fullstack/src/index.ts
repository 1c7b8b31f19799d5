/** The Worker: the edge is public, and Better Auth is a service behind it. */
import { exports, WorkerEntrypoint, waitUntil } from "cloudflare:workers";
import { betterAuth } from "better-auth";
import edge from "better-auth-edge/worker";
import { authOptions } from "./auth.ts";

export { Revocations } from "better-auth-edge/worker";

/** Better Auth, as a service: it has no address of its own. */
export class Auth extends WorkerEntrypoint<Env> {
  override fetch(request: Request): Promise<Response> {
    auth ??= createAuth(this.env);
    return auth.handler(request);
  }
}

export default {
  fetch(request, env, context) {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/api/auth/")) return exports.Auth.fetch(request);
    // AUTH is a service binding: the edge fetches the keys of Better Auth by it
    settings ??= { ...env, EDGE_ISSUER: env.BETTER_AUTH_URL, AUTH: exports.Auth };
    return edge.fetch(request, settings, context);
  },
} satisfies ExportedHandler<Env>;

/** The requests of an isolate share both. */
let auth: ReturnType<typeof createAuth> | undefined;
let settings: object | undefined;

function createAuth({ BETTER_AUTH_URL: baseURL, BETTER_AUTH_SECRET: secret, DB: database }: Env) {
  // without a secret, Better Auth would take the one in its source code
  if (!secret || secret.length < 32) {
    throw new Error("BETTER_AUTH_SECRET is not set, or has less than 32 characters");
  }
  const toEdge: typeof fetch = (...request) => exports.default.fetch(...request);
  return betterAuth(authOptions({ baseURL, secret, database, fetch: toEdge, waitUntil }));
}

import type { MiddlewareOptions } from "better-auth-edge/next";

/** Who may do what here. */
export const options: MiddlewareOptions = {
  baseURL: process.env.BETTER_AUTH_URL ?? "http://127.0.0.1:3000",
  // FastAPI, which holds the tasks
  origin: process.env.API_URL ?? "http://127.0.0.1:8000",
  // as whom to sign for it, where another edge publishes the same keys
  edgeIssuer: process.env.EDGE_ISSUER || undefined,
  // the application's own id of a user, and not Better Auth's
  userClaim: "uuid",
  // accept Better Auth's signed cookie cache, if it is on: no request to Better Auth, and no token
  cookieCache: process.env.COOKIE_CACHE === "jwks" ? "jwks" : undefined,
  routes: [
    { path: "/", auth: "public" },
    { path: "/sign-up", auth: "public" },
    { path: "/api/me" },
    { path: "/api/{user_id}/tasks/*", match: { user_id: "uuid" }, to: "origin" },
  ],
};

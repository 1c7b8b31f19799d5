import { type MiddlewareOptions, memoryRevocations } from "better-auth-edge/next";
import { isDemo } from "./lib/demo";

// the issuer of the assertions for FastAPI, and the audience of Better Auth's events
const edgeIssuer = process.env.EDGE_ISSUER || undefined;

// a Worker that receives the events in place of this application
const revocationsURL = process.env.REVOCATIONS_URL || undefined;

// what the page "See the edge at work" asks FastAPI
const demoRoutes: MiddlewareOptions["routes"] = [
  { path: "/api/{user_id}/whoami", match: { user_id: "uuid" }, to: "origin" },
  { path: "/api/{user_id}/arrivals/*", match: { user_id: "uuid" }, to: "origin" },
];

/** The rules of this application. */
export const options: MiddlewareOptions = {
  baseURL: process.env.BETTER_AUTH_URL ?? "http://127.0.0.1:3000",
  // FastAPI, which stores the tasks
  origin: process.env.API_URL ?? "http://127.0.0.1:8000",
  edgeIssuer,
  // a sign-out takes effect within seconds; one process runs, so its memory is enough
  revocations: edgeIssuer && !revocationsURL ? memoryRevocations() : undefined,
  revocationsURL,
  revocationsToken: process.env.REVOCATIONS_TOKEN || undefined,
  // the application's own user ID, not Better Auth's
  userClaim: "uuid",
  // with COOKIE_CACHE, the edge sends no request to Better Auth, and the origin server gets no
  // token
  cookieCache: process.env.COOKIE_CACHE === "jwks" ? "jwks" : undefined,
  routes: [
    { path: "/", auth: "public" },
    { path: "/sign-up", auth: "public" },
    { path: "/api/me" },
    { path: "/api/{user_id}/tasks/*", match: { user_id: "uuid" }, to: "origin" },
    ...(isDemo() ? demoRoutes : []),
  ],
};

import type { MiddlewareOptions } from "better-auth-edge/next";

const auth = process.env.BETTER_AUTH_URL ?? "";

/** The edge reaches Better Auth through this application, below its basePath. */
export const options: MiddlewareOptions = {
  baseURL: `${process.env.SITE}/app/api/auth`,
  issuer: auth,
  audience: auth,
  origin: process.env.API_URL ?? "",
  edgeIssuer: process.env.EDGE_ISSUER,
  userClaim: "uuid",
  routes: [
    { path: "/", auth: "public" },
    { path: "/sign-up", auth: "public" },
    { path: "/api/{user_id}/tasks/*", match: { user_id: "uuid" }, to: "origin" },
  ],
};

// The paths that Better Auth has in an application, without which nobody could sign in.

import type { VerifierOptions } from "../options.ts";

/** Better Auth's base path, without a slash at the end: empty where it is at the root. */
export function betterAuthPath({ baseURL, basePath }: VerifierOptions): string {
  const path = basePath ?? (URL.canParse(baseURL ?? "") ? new URL(baseURL ?? "").pathname : "/");
  return path.replace(/\/$/, "") || (basePath === undefined ? "/api/auth" : "");
}

/**
 * Patterns of the paths that are Better Auth's. At the root it has no path of its own, so only those are
 * public there that people need who are not signed in; `publicPaths` adds what plugins need.
 */
export function betterAuthPaths(path: string): string[] {
  return path === "" ? AT_THE_ROOT : [`${path}/*`];
}

const AT_THE_ROOT = [
  "/sign-in/*",
  "/sign-up/*",
  "/sign-out",
  "/get-session",
  "/callback/*",
  "/token",
  "/jwks",
  "/ok",
  "/error",
  "/request-password-reset",
  "/reset-password/*",
  "/send-verification-email",
  "/verify-email",
];

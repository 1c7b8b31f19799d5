import type { VerifierOptions } from "../options.ts";

/**
 * Better Auth's base path, without a trailing slash; empty if it is the root.
 *
 * @internal
 */
export function betterAuthPath({ baseURL, basePath }: VerifierOptions): string {
  const path = basePath ?? (URL.canParse(baseURL ?? "") ? new URL(baseURL ?? "").pathname : "/");
  return path.replace(/\/$/, "") || (basePath === undefined ? "/api/auth" : "");
}

/**
 * Path patterns of Better Auth's own endpoints, which must be public so that users can sign in.
 *
 * At the root, Better Auth shares its paths with the application. So only the endpoints for users
 * who are not signed in are public there; the option `publicPaths` adds those of plugins.
 *
 * @internal
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

import { createAuthClient } from "better-auth/client";

const site = typeof location === "undefined" ? "http://site.invalid" : location.origin;

/** Better Auth, under the application's path. */
export const authClient = createAuthClient({ baseURL: `${site}/app/api/auth` });

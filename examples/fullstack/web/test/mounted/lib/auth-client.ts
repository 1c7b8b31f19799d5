import { createAuthClient } from "better-auth/client";

const site = typeof location === "undefined" ? "http://site.invalid" : location.origin;

/** Better Auth's client, for the application's basePath. */
export const authClient = createAuthClient({ baseURL: `${site}/app/api/auth` });

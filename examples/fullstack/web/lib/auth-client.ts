import { createAuthClient } from "better-auth/client";

/** Better Auth's client, for this site's `/api/auth`. */
export const authClient = createAuthClient();

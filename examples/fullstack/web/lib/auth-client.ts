import { createAuthClient } from "better-auth/client";

/** Better Auth, under this site's own `/api/auth`. */
export const authClient = createAuthClient();

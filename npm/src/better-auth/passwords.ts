import type { EndpointContext } from "./better-auth.ts";

/** Endpoints that change the password of another user, whose sessions Better Auth keeps. */
export const PASSWORD_PATHS = new Set(["/admin/set-user-password"]);

/** Ends the sessions of the user whose password an administrator has changed. */
export async function endSessionsOf({ body, context }: EndpointContext): Promise<void> {
  if (context.returned instanceof Error || typeof body?.userId !== "string") return;
  const { internalAdapter } = context;
  if (internalAdapter.deleteUserSessions) await internalAdapter.deleteUserSessions(body.userId);
  else await internalAdapter.deleteSessions(body.userId);
}

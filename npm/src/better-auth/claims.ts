import type { AuthContext, JwtOptions, Row, SessionOfUser } from "./better-auth.ts";
import type { EdgeOptions } from "./options.ts";
import { uuidOf } from "./uuid.ts";

/** What the user of an API key has in place of a session. */
export interface ApiKeyClaims {
  cred: "api-key";
  api_key_id: string;
  permissions?: unknown;
}

/** The claims of API keys, by the sessions that stand for them. */
const API_KEYS = new WeakMap<object, ApiKeyClaims>();

/** Lets a session stand for an API key. */
export function markApiKey(session: SessionOfUser, claims: ApiKeyClaims): SessionOfUser {
  API_KEYS.set(session, claims);
  return session;
}

/** The options whose `definePayload` adds the claims. */
const EXTENDED = new WeakSet<JwtOptions>();

/**
 * Adds the edge's claims to every token of the jwt plugin. Claims of the application win, except for
 * those that say which session a token is of, and who acts.
 */
export function extendPayload(context: AuthContext, jwt: JwtOptions, options: EdgeOptions): void {
  if (EXTENDED.has(jwt)) return;
  EXTENDED.add(jwt);
  const own = jwt.jwt?.definePayload;
  const definePayload = async (session: SessionOfUser): Promise<Row> => {
    const payload = ((await own?.(session)) ?? session.user) as Row;
    return {
      ...(await suggestedClaims(context, session, options)),
      ...payload,
      ...sessionClaims(session),
    };
  };
  jwt.jwt = { ...jwt.jwt, definePayload };
}

/** Claims that the application may define otherwise. */
async function suggestedClaims(
  context: AuthContext,
  session: SessionOfUser,
  options: EdgeOptions,
): Promise<Row> {
  const { user } = session;
  return present({
    uuid: await uuidOf(context, user, options),
    role: user.role,
    activeOrganizationId: session.session.activeOrganizationId,
    organizations: options.organizations ? await organizationsOf(context, user.id) : undefined,
  });
}

/** Claims that the application cannot replace. The absent ones hide the user's fields. */
function sessionClaims(session: SessionOfUser): Row {
  const { id, createdAt, impersonatedBy } = session.session;
  const apiKey = API_KEYS.get(session);
  return {
    sid: id,
    session_iat: seconds(createdAt),
    impersonatedBy: impersonatedBy ?? undefined,
    cred: apiKey?.cred,
    api_key_id: apiKey?.api_key_id,
    ...(apiKey && { permissions: apiKey.permissions ?? undefined }),
  };
}

async function organizationsOf(context: AuthContext, userId: string): Promise<unknown[]> {
  const where = [{ field: "userId", value: userId }];
  const members = await context.adapter.findMany({ model: "member", where });
  return members.map(({ organizationId }) => organizationId);
}

/** A time of a row, which stores return as dates or as text, in seconds since 1970. */
function seconds(time: unknown): number | undefined {
  const milliseconds = time instanceof Date ? time.getTime() : Date.parse(String(time));
  return Number.isFinite(milliseconds) ? milliseconds / 1000 : undefined;
}

/** The members that have a value. */
function present(claims: Row): Row {
  return Object.fromEntries(
    Object.entries(claims).filter(([, value]) => value !== undefined && value !== null),
  );
}

import { apiKeyClaims } from "./api-key-session.ts";
import type { AuthContext, JwtOptions, Row, SessionOfUser } from "./better-auth.ts";
import { seconds } from "./better-auth.ts";
import { type EdgeOptions, uuidField } from "./options.ts";
import { sidOf } from "./session-id.ts";
import { uuidOf } from "./uuid.ts";

/** Claims that only the plugin writes. */
const RESERVED = ["sid", "session_iat", "impersonatedBy", "cred", "api_key_id"];

/** What no field of the user replaces, because users can edit fields. */
const NO_FIELDS = [
  ...["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "act"],
  ...["activeOrganizationId", "organizations", "permissions"],
];

type DefinePayload = (session: SessionOfUser) => unknown;

/** The application's function behind each of the plugin's own. */
const EXTENDED = new WeakMap<DefinePayload, DefinePayload | undefined>();

/**
 * Adds the edge's claims to every token of the jwt plugin. Claims of the application win, except
 * for those that say which session a token is of, and who acts.
 */
export function extendPayload(context: AuthContext, jwt: JwtOptions, options: EdgeOptions): void {
  const current = jwt.jwt?.definePayload;
  // a second instance of Better Auth may have the same options
  const own = current && EXTENDED.has(current) ? EXTENDED.get(current) : current;
  const definePayload: DefinePayload = async (session) => {
    const suggested = await suggestedClaims(context, session, options);
    const payload = own
      ? await own(session)
      : { ...without(session.user, NO_FIELDS), ...present(suggested) };
    return claimsOf(session, { ...(payload as Row | undefined) }, suggested);
  };
  EXTENDED.set(definePayload, own);
  jwt.jwt = { ...jwt.jwt, definePayload };
}

async function claimsOf(session: SessionOfUser, payload: Row, suggested: Row): Promise<Row> {
  const apiKey = apiKeyClaims(session);
  // those of the user would be more than the key has
  const reserved = apiKey ? [...RESERVED, "permissions"] : RESERVED;
  return {
    ...without(payload, reserved),
    ...present(suggested, (name) => (payload[name] ?? undefined) === undefined),
    ...present(apiKey ?? (await sessionClaims(session))),
  };
}

/** Claims that the application may define otherwise. */
async function suggestedClaims(
  context: AuthContext,
  { session, user }: SessionOfUser,
  options: EdgeOptions,
): Promise<Row> {
  const field = uuidField(options);
  return {
    uuid: field ? await uuidOf(context, user, field) : user.uuid,
    role: user.role,
    activeOrganizationId: session.activeOrganizationId,
    organizations: options.organizations ? await organizationsOf(context, user.id) : undefined,
  };
}

/** Claims that say which session a token is of, and who acts. */
async function sessionClaims({ session }: SessionOfUser): Promise<Row> {
  const { createdAt, impersonatedBy } = session;
  return { sid: await sidOf(session), session_iat: seconds(createdAt), impersonatedBy };
}

async function organizationsOf(context: AuthContext, userId: string): Promise<unknown[]> {
  const where = [{ field: "userId", value: userId }];
  const members = await context.adapter.findMany({ model: "member", where, limit: 100 });
  return members.map(({ organizationId }) => organizationId);
}

function without(claims: Row, names: string[]): Row {
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !names.includes(name)));
}

/** The claims that have a value and that pass the filter. */
function present(claims: object, filter: (name: string) => boolean = () => true): Row {
  return Object.fromEntries(
    Object.entries(claims).filter(
      ([name, value]) => value !== undefined && value !== null && filter(name),
    ),
  );
}

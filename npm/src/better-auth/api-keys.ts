import { APIError } from "better-auth/api";
import { invalidApiKey, isBanned, markApiKey, markSession } from "./api-key-session.ts";
import {
  type AuthContext,
  type Endpoint,
  type EndpointContext,
  type Hook,
  now,
  pluginOf,
  type Row,
  type SessionOfUser,
  seconds,
  type User,
} from "./better-auth.ts";
import { type JwtPlugin, payloadOf } from "./jwt-plugin.ts";
import type { EdgeOptions } from "./options.ts";
import { sidOfApiKey } from "./session-id.ts";

/** The API key of a request for a token that has no session cookie. */
export function apiKeyOf(
  { path, headers, context }: EndpointContext,
  options: EdgeOptions,
): string | undefined {
  if (path !== "/token" || !headers) return undefined;
  const plugin = pluginOf(context, "api-key");
  if (!plugin || hasCookie(headers, context.authCookies.sessionToken.name)) return undefined;
  for (const name of headerNames(options, plugin.options)) {
    const key = headers.get(name);
    if (key) return key;
  }
  return undefined;
}

/**
 * Leaves API keys of requests for a token to the exchange. The api-key plugin's own session for a
 * key would count each use twice. Where the plugin makes one all the same, such as for a key in
 * another header, its tokens say that they are of a key.
 */
export function takeOverTokens(context: AuthContext, options: EdgeOptions): void {
  for (const hook of pluginOf(context, "api-key")?.hooks?.before ?? []) {
    // a second instance of Better Auth may have the same plugin
    const { matcher, handler } = ORIGINAL.get(hook) ?? { ...hook };
    ORIGINAL.set(hook, { matcher, handler });
    hook.matcher = (endpoint) => apiKeyOf(endpoint, options) === undefined && matcher(endpoint);
    hook.handler = async (endpoint) => {
      const result = (await handler(endpoint)) as HookResult | undefined;
      const returned = result?.response ?? result;
      markSession(returned?.context?.context?.session ?? returned);
      return result;
    };
  }
}

/** The api-key plugin's own functions behind those that replace them. */
const ORIGINAL = new WeakMap<Hook, Hook>();

/** What the api-key plugin's hook returns: the session for a key, or a context that has one. */
interface HookResult extends Partial<SessionOfUser> {
  response?: HookResult;
  context?: { context?: { session?: SessionOfUser | null } };
}

/**
 * Exchanges an API key for a token of its user. The api-key plugin verifies the key, so its limits
 * count.
 *
 * @throws {APIError} 401 `INVALID_API_KEY`; 429 `RATE_LIMITED` with `Retry-After`, or
 *   `USAGE_EXCEEDED`
 */
export async function exchangeApiKey(
  endpoint: EndpointContext,
  jwt: JwtPlugin,
  key: string,
): Promise<string> {
  const { context } = endpoint;
  const found = await verify(endpoint, key);
  const user = await ownerOf(context, found);
  if (!user || isBanned(user)) throw invalidApiKey();

  const { id, createdAt, expiresAt } = found;
  const session: SessionOfUser = {
    user,
    session: { id: sidOfApiKey(id), userId: user.id, createdAt, updatedAt: createdAt, expiresAt },
  };
  const permissions = found.permissions ?? undefined;
  markApiKey(session, { cred: "api-key", api_key_id: String(id), permissions });
  const payload = {
    iat: Math.floor(now()),
    ...((await jwt.options.jwt?.definePayload?.(session)) as Row),
    sub: await jwt.subject(session),
  };
  const token = await jwt.sign(context, payload);
  // no token outlives its key
  const end = expiresAt ? Math.floor(seconds(expiresAt) ?? 0) : Number.POSITIVE_INFINITY;
  if (Number(payloadOf(token).exp) <= end) return token;
  return jwt.sign(context, { ...payload, exp: end });
}

/** The key's row, if the api-key plugin accepts it. */
async function verify({ context, headers }: EndpointContext, key: string): Promise<Row> {
  const verifyApiKey = pluginOf(context, "api-key")?.endpoints?.verifyApiKey as Endpoint;
  const body = { key };
  const { valid, error, key: found } = (await verifyApiKey({ body, headers, context })) as Verdict;
  if (valid && found) return found;
  if (error?.code === "RATE_LIMITED") {
    const wait = Math.max(1, Math.ceil(Number(error.details?.tryAgainIn ?? 1000) / 1000));
    const body = { code: "RATE_LIMITED", message: "The API key has reached its rate limit" };
    throw new APIError("TOO_MANY_REQUESTS", body, { "Retry-After": String(wait) });
  }
  if (error?.code === "USAGE_EXCEEDED") {
    const body = { code: "USAGE_EXCEEDED", message: "The API key has no uses left" };
    throw new APIError("TOO_MANY_REQUESTS", body);
  }
  throw invalidApiKey();
}

interface Verdict {
  valid: boolean;
  error?: { code?: string; details?: { tryAgainIn?: number } } | null;
  key?: Row | null;
}

/** The user of a key. A key of an organization has none. */
async function ownerOf(context: AuthContext, key: Row): Promise<User | null> {
  // `userId` until Better Auth 1.4
  const owner = key.referenceId ?? key.userId;
  const where = [{ field: "id", value: owner }];
  // the plugin does not say which of its keys belong to organizations
  const hasOrganizations = key.referenceId && pluginOf(context, "organization");
  if (hasOrganizations && (await context.adapter.findOne({ model: "organization", where }))) {
    const message = "The API key belongs to an organization, or to a user with the same id as one";
    throw new APIError("UNAUTHORIZED", { code: "INVALID_API_KEY", message });
  }
  return context.internalAdapter.findUserById(String(owner));
}

/** The names of the headers that contain a key. */
function headerNames({ apiKeyHeader }: EdgeOptions, plugin: unknown): string[] {
  // only some versions of the plugin show their options
  const own = (plugin as { apiKeyHeaders?: string | string[] } | undefined)?.apiKeyHeaders;
  return [apiKeyHeader ?? own ?? "x-api-key"].flat();
}

function hasCookie(headers: Headers, name: string): boolean {
  const pairs = headers.get("cookie")?.split(";") ?? [];
  return pairs.some((pair) => pair.trim().startsWith(`${name}=`));
}

import { APIError } from "better-auth/api";
import {
  type AuthContext,
  type EndpointContext,
  type JwtOptions,
  pluginOf,
  type Row,
  type SessionOfUser,
  subjectOf,
} from "./better-auth.ts";
import { markApiKey } from "./claims.ts";

/** The id that stands for an API key where sessions have theirs. */
export function sessionIdOf(keyId: unknown): string {
  return `api-key:${keyId}`;
}

/** The API key of a request for a token, if it has one and the api-key plugin is present. */
export function apiKeyOf({ path, headers, context }: EndpointContext): string | undefined {
  if (path !== "/token") return undefined;
  const plugin = apiKeyPlugin(context);
  return plugin && (headers?.get(headerOf(plugin.options)) ?? undefined);
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
  jwt: JwtOptions,
  key: string,
): Promise<unknown> {
  const { context } = endpoint;
  const found = await verify(endpoint, key);
  const owner = (found.referenceId ?? found.userId) as string;
  const user =
    found.references === "organization" ? null : await context.internalAdapter.findUserById(owner);
  if (!user || isBanned(user)) throw invalid();

  const session: SessionOfUser = {
    user,
    session: { id: sessionIdOf(found.id), userId: user.id, createdAt: found.createdAt },
  };
  markApiKey(session, {
    cred: "api-key",
    api_key_id: String(found.id),
    permissions: found.permissions ?? undefined,
  });
  const payload = {
    iat: Math.floor(Date.now() / 1000),
    ...((await jwt.jwt?.definePayload?.(session)) as Row),
    sub: await subjectOf(jwt, session),
  };
  return endpoint.json({ token: await sign(context, payload) });
}

/** The key's row, if the api-key plugin accepts it. */
async function verify(endpoint: EndpointContext, key: string): Promise<Row> {
  const { context, headers } = endpoint;
  const endpoints = apiKeyPlugin(context)?.endpoints;
  const verifyApiKey = endpoints?.verifyApiKey as (input: unknown) => Promise<Verification>;
  const { valid, error, key: found } = await verifyApiKey({ body: { key }, headers, context });
  if (valid && found) return found;
  switch (error?.code) {
    case "RATE_LIMITED": {
      const seconds = Math.max(1, Math.ceil(Number(error.details?.tryAgainIn ?? 1000) / 1000));
      throw new APIError(
        "TOO_MANY_REQUESTS",
        { code: "RATE_LIMITED", message: "The API key has reached its rate limit" },
        { "Retry-After": String(seconds) },
      );
    }
    case "USAGE_EXCEEDED":
      throw new APIError("TOO_MANY_REQUESTS", {
        code: "USAGE_EXCEEDED",
        message: "The API key has no uses left",
      });
    default:
      throw invalid();
  }
}

interface Verification {
  valid: boolean;
  error?: { code?: string; details?: { tryAgainIn?: number } } | null;
  key?: Row | null;
}

async function sign(context: AuthContext, payload: Row): Promise<string> {
  const signJWT = pluginOf(context, "jwt")?.endpoints?.signJWT as (
    input: unknown,
  ) => Promise<{ token: string }>;
  return (await signJWT({ body: { payload }, context })).token;
}

function apiKeyPlugin(context: AuthContext) {
  return pluginOf(context, "api-key");
}

/** The header of keys; the first one if the plugin has several configurations or headers. */
function headerOf(options: unknown): string {
  const [first] = [options].flat() as { apiKeyHeaders?: string | string[] }[];
  return [first?.apiKeyHeaders ?? "x-api-key"].flat()[0] ?? "x-api-key";
}

function isBanned({ banned, banExpires }: Row): boolean {
  if (banned !== true) return false;
  return !banExpires || new Date(banExpires as string).getTime() > Date.now();
}

function invalid(): APIError {
  return new APIError("UNAUTHORIZED", {
    code: "INVALID_API_KEY",
    message: "The API key is not valid",
  });
}

import { APIError } from "better-auth/api";
import { now, type Row, type SessionOfUser, seconds } from "./better-auth.ts";
import { sidOfApiKey } from "./session-id.ts";

/** What the token of an API key contains beside the claims of its user. */
export interface ApiKeyClaims {
  cred: "api-key";
  api_key_id: string;
  /** Permissions as Better Auth writes them: `{ tasks: ["read"] }`. */
  permissions?: unknown;
}

/** The claims of API keys, by the sessions that stand for them. */
const API_KEYS = new WeakMap<object, ApiKeyClaims>();

/** The member that marks a session of the api-key plugin: Better Auth passes a copy on. */
const MARK = "edgeApiKeyId";

/** Lets a session stand for an API key. */
export function markApiKey(session: SessionOfUser, claims: ApiKeyClaims): void {
  API_KEYS.set(session, claims);
}

/** Marks the session that the api-key plugin has made for a key, whose id it has. */
export function markSession({ session }: Partial<SessionOfUser> = {}): void {
  if (session) session[MARK] = session.id;
}

/**
 * The claims of the API key that a session stands for, with its `sid`.
 *
 * @throws {APIError} 401 if the key's user is banned
 */
export function apiKeyClaims(whole: SessionOfUser): (ApiKeyClaims & { sid: string }) | undefined {
  const { session, user } = whole;
  const claims = API_KEYS.get(whole);
  if (claims) return { sid: session.id, ...claims };
  const id = session[MARK];
  if (id === undefined || id === null) return undefined;
  if (isBanned(user)) throw invalidApiKey();
  return { sid: sidOfApiKey(id), cred: "api-key", api_key_id: String(id) };
}

export function isBanned({ banned, banExpires }: Row): boolean {
  return banned === true && (seconds(banExpires) ?? Number.POSITIVE_INFINITY) > now();
}

export function invalidApiKey(): APIError {
  const message = "The API key is not valid";
  return new APIError("UNAUTHORIZED", { code: "INVALID_API_KEY", message });
}

import type { Row } from "./better-auth.ts";

/**
 * The claim `sid` of a session: its id. Better Auth 1.4 and 1.5 give none to a session that is only
 * in a secondary storage; a hash of its token stands for it.
 */
export async function sidOf({ id, token }: Row): Promise<string | undefined> {
  if (id !== undefined && id !== null) return String(id);
  if (typeof token !== "string") return undefined;
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token));
  const bytes = new Uint8Array(hash).slice(0, 16);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The claim `sid` of an API key. */
export function sidOfApiKey(keyId: unknown): string {
  return `api-key:${keyId}`;
}

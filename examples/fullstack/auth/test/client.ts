/** The requests that a browser or an app sends to the server. */
import { createPublicKey, type JsonWebKey, verify } from "node:crypto";

/** The result of a sign-up or a sign-in. */
export interface SignedIn {
  /** The session token, for `Authorization: Bearer`. */
  sessionToken: string;
  user: { id: string; uuid: string; email: string; name: string };
}

/** A decoded compact JWS. */
export interface DecodedToken {
  header: Record<string, unknown>;
  claims: Record<string, unknown>;
}

/** A published key. */
export type PublishedKey = JsonWebKey & { kid: string; alg: string };

/** Posts JSON as a page of the server's own origin would. */
export async function post(url: string, path: string, body: object): Promise<Response> {
  return fetch(`${url}${path}`, {
    method: "POST",
    // browsers send Origin with every POST, and Better Auth rejects origins that it does not trust
    headers: { "content-type": "application/json", origin: url },
    body: JSON.stringify(body),
  });
}

/** Signs up or in and returns the session. */
export async function signIn(
  url: string,
  path: "/api/auth/sign-up/email" | "/api/auth/sign-in/email",
  body: object,
): Promise<SignedIn> {
  const response = await post(url, path, body);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  const sessionToken = response.headers.get("set-auth-token");
  if (sessionToken === null) throw new Error(`${path}: no set-auth-token header`);
  const { user } = (await response.json()) as Pick<SignedIn, "user">;
  return { sessionToken, user };
}

/** Exchanges a session token for a JWT. */
export async function fetchToken(url: string, sessionToken: string): Promise<string> {
  const response = await fetch(`${url}/api/auth/token`, {
    headers: { authorization: `Bearer ${sessionToken}` },
  });
  if (!response.ok) throw new Error(`token: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { token: string }).token;
}

/** The keys that the server publishes. */
export async function fetchKeys(url: string): Promise<PublishedKey[]> {
  const response = await fetch(`${url}/api/auth/jwks`);
  return ((await response.json()) as { keys: PublishedKey[] }).keys;
}

/** Decodes a token without verification. */
export function decode(token: string): DecodedToken {
  const [header, claims] = token
    .split(".", 2)
    .map((segment) => JSON.parse(Buffer.from(segment, "base64url").toString("utf8")));
  return { header, claims };
}

/** Whether the key with the token's `kid` signed it. */
export function isSignedBy(keys: PublishedKey[], token: string): boolean {
  const key = keys.find(({ kid }) => kid === decode(token).header.kid);
  if (!key) return false;
  const dot = token.lastIndexOf(".");
  return verify(
    null,
    Buffer.from(token.slice(0, dot)),
    createPublicKey({ key, format: "jwk" }),
    Buffer.from(token.slice(dot + 1), "base64url"),
  );
}

/**
 * Credentials of the signed-in user from Better Auth. Those of `/demo` exist only with `DEMO=1`: a
 * browser cannot make them.
 */

/** A new token of this session. */
export async function fetchToken(): Promise<string> {
  return text(await call("GET", "/token"), "token");
}

/** A token of the session with this session token. */
export async function fetchTokenOf(sessionToken: string): Promise<string> {
  return text(await call("GET", "/token", undefined, sessionToken), "token");
}

/** A token of the user that expired 45 minutes ago. */
export async function fetchExpiredToken(): Promise<string> {
  return text(await call("POST", "/demo/expired-token"), "token");
}

/** Signs the user in once more, and returns the new session's token. */
export async function startSecondSession(): Promise<string> {
  return text(await call("POST", "/demo/second-session"), "sessionToken");
}

/** Lets Better Auth sign the next token with a new key. */
export async function rotateKeys(): Promise<void> {
  await call("POST", "/demo/rotate-keys");
}

/** Ends another session of the user, as a page with a list of devices does. */
export async function signOutElsewhere(sessionToken: string): Promise<void> {
  await call("POST", "/revoke-session", { token: sessionToken });
}

/** @throws if Better Auth does not respond with success */
async function call(
  method: "GET" | "POST",
  path: string,
  body: object = {},
  sessionToken?: string,
): Promise<Record<string, unknown>> {
  const response = await fetch(`/api/auth${path}`, {
    method,
    cache: "no-store",
    credentials: sessionToken ? "omit" : "same-origin",
    headers: {
      "content-type": "application/json",
      ...(sessionToken && { authorization: `Bearer ${sessionToken}` }),
    },
    ...(method === "POST" && { body: JSON.stringify(body) }),
  });
  if (response.ok) return response.json();
  const retry = response.headers.get("x-retry-after");
  const wait = retry ? ` Try again in ${retry} s.` : "";
  throw new Error(`Better Auth responded to ${path} with ${response.status}.${wait}`);
}

function text(body: Record<string, unknown>, name: string): string {
  const value = body[name];
  if (typeof value !== "string") throw new Error(`Better Auth's response has no ${name}.`);
  return value;
}

/** The API client with Better Auth's own client, against the example's real Better Auth. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { decode, fetchKeys, isSignedBy } from "../../examples/fullstack/auth/test/client.ts";
import { type RunningServer, startServer } from "../../examples/fullstack/auth/test/server.ts";
import { ApiError, type AuthClient, createApiClient } from "../src/client/index.ts";
import { serve, type TestServer } from "./client.servers.ts";

// from where the example has it
const { resolve } = createRequire(
  new URL("../../examples/fullstack/auth/package.json", import.meta.url),
);
const { createAuthClient } = await import(resolve("better-auth/client"));
const { jwtClient } = await import(resolve("better-auth/client/plugins"));

const directory = mkdtempSync(join(tmpdir(), "better-auth-edge-client-"));
let auth: RunningServer;
let api: TestServer;

before(async () => {
  auth = await startServer({
    BETTER_AUTH_SECRET: "a secret for tests, long enough to pass",
    DATABASE_URL: `file:${join(directory, "auth.db")}`,
  });
  api = await serve(async ({ headers }) => {
    const token = headers.authorization?.replace(/^Bearer /, "") ?? "";
    const isGood = token !== "" && isSignedBy(await fetchKeys(auth.url), token);
    if (!isGood) return { status: 401, body: { code: "bad_signature" } };
    return { body: { email: decode(token).claims.email, token } };
  });
});

after(async () => {
  await api[Symbol.asyncDispose]();
  await auth.stop();
  rmSync(directory, { recursive: true });
});

test("who signs in is who calls, until they sign out and somebody else signs in", async () => {
  const authClient = createAuthClient({
    baseURL: auth.url,
    plugins: [jwtClient()],
    fetchOptions: { customFetchImpl: browserFetch() },
  });
  const call = createApiClient({ authClient: authClient as AuthClient, baseURL: api.url });
  const who = () => call.json<{ email: string; token: string }>("/me");

  const nobody = await who().catch((error: unknown) => error);
  assert.ok(nobody instanceof ApiError);
  assert.deepEqual([nobody.code, nobody.status], ["signed_out", 401]);

  await signUp("ada");
  const [first, second] = await Promise.all([who(), who()]);
  assert.deepEqual([first.email, second.email], ["ada@example.com", "ada@example.com"]);
  assert.equal(first.token, second.token);

  // told by Better Auth's client alone, a moment later
  await authClient.signOut();
  let last: unknown;
  while (!(last instanceof ApiError)) last = await who().catch((error: unknown) => error);
  assert.equal(last.code, "signed_out");

  await signUp("bob");
  // and at once, by the caller
  call.forgetToken();
  assert.equal((await who()).email, "bob@example.com");

  async function signUp(name: string) {
    const { error } = await authClient.signUp.email({
      name,
      email: `${name}@example.com`,
      password: "long enough to pass",
    });
    assert.equal(error, null);
  }
});

test("a Better Auth that is down is not taken for a sign-out", async () => {
  // a port that nobody listens on any more
  const closed = await serve(() => ({}));
  await closed[Symbol.asyncDispose]();
  const authClient = createAuthClient({ baseURL: closed.url, plugins: [jwtClient()] });
  const call = createApiClient({ authClient: authClient as AuthClient, baseURL: api.url });
  const error = await call("/me").catch((error: unknown) => error);
  assert.ok(error instanceof ApiError);
  assert.equal(error.code, "token_unavailable");
});

/** Like a page's own: with cookies, and an origin. */
function browserFetch(): typeof fetch {
  const cookies = new Map<string, string>();
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const headers = new Headers(init?.headers);
    headers.set("origin", url.origin);
    headers.set("cookie", [...cookies].map(([name, value]) => `${name}=${value}`).join("; "));
    const response = await fetch(url, { ...init, headers });
    for (const cookie of response.headers.getSetCookie()) {
      const [pair = ""] = cookie.split(";");
      const [name = "", value = ""] = pair.split("=", 2);
      if (value === "") cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  };
}

/** The API client with Better Auth's own client, against the example's Better Auth server. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { decode, fetchKeys, isSignedBy } from "../../examples/fullstack/auth/test/client.ts";
import type { RunningServer } from "../../examples/fullstack/auth/test/server.ts";
import { ApiError, type AuthClient, createApiClient } from "../src/client/index.ts";
import { importBetterAuth, startAuthServer } from "./better-auth.ts";
import { closedUrl, serve, type TestServer } from "./servers.ts";

const { createAuthClient } = await importBetterAuth("better-auth/client");
const { jwtClient } = await importBetterAuth("better-auth/client/plugins");

let auth: RunningServer;
let api: TestServer;

before(async () => {
  auth = await startAuthServer();
  api = await serve(async ({ headers }) => {
    const token = headers.authorization?.replace(/^Bearer /, "") ?? "";
    const isValid = token !== "" && isSignedBy(await fetchKeys(auth.url), token);
    if (!isValid) return { status: 401, body: { code: "bad_signature" } };
    return { body: { email: decode(token).claims.email, token } };
  });
});

after(async () => {
  await api[Symbol.asyncDispose]();
  await auth.stop();
});

test("calls send the signed-in user's token, across a sign-out and the sign-in of another user", async () => {
  const authClient = createAuthClient({
    baseURL: auth.url,
    plugins: [jwtClient()],
    fetchOptions: { customFetchImpl: browserFetch() },
  });
  const call = createApiClient({ authClient: authClient as AuthClient, baseURL: api.url });
  const me = () => call.json<{ email: string; token: string }>("/me");

  const signedOut = await me().catch((error: unknown) => error);
  assert.ok(signedOut instanceof ApiError);
  assert.deepEqual([signedOut.code, signedOut.status], ["signed_out", 401]);

  await signUp("ada");
  const [first, second] = await Promise.all([me(), me()]);
  assert.deepEqual([first.email, second.email], ["ada@example.com", "ada@example.com"]);
  assert.equal(first.token, second.token);

  // Better Auth's client reports it, a moment later
  await authClient.signOut();
  let last: unknown;
  while (!(last instanceof ApiError)) last = await me().catch((error: unknown) => error);
  assert.equal(last.code, "signed_out");

  await signUp("bob");
  // the caller reports it at once
  call.forgetToken();
  assert.equal((await me()).email, "bob@example.com");

  async function signUp(name: string) {
    const { error } = await authClient.signUp.email({
      name,
      email: `${name}@example.com`,
      password: "long enough to pass",
    });
    assert.equal(error, null);
  }
});

test("an auth server that is down is not reported as a sign-out", async () => {
  const authClient = createAuthClient({ baseURL: await closedUrl(), plugins: [jwtClient()] });
  const call = createApiClient({ authClient: authClient as AuthClient, baseURL: api.url });
  const error = await call("/me").catch((error: unknown) => error);
  assert.ok(error instanceof ApiError);
  assert.equal(error.code, "token_unavailable");
});

/** A `fetch` that keeps cookies and sends `Origin`, as a browser does. */
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

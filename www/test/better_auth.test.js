// The page with a real Better Auth: its tokens, its keys, and CORS.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { fetchKeys, fetchToken, signIn } from "../../examples/fullstack/auth/test/client.ts";
import { startServer } from "../../examples/fullstack/auth/test/server.ts";
import { page } from "./site.js";

const directory = mkdtempSync(join(tmpdir(), "inspector-"));

/** @type {Awaited<ReturnType<typeof startServer>>} */
let auth;
/** @type {string} */
let token;

before(async () => {
  auth = await startServer({
    DATABASE_URL: `file:${join(directory, "auth.db")}`,
    BETTER_AUTH_SECRET: "a secret for tests that has more than 32 characters",
  });
  const user = { name: "Ada", email: "ada@example.com", password: "correct horse battery" };
  const { sessionToken } = await signIn(auth.url, "/api/auth/sign-up/email", user);
  token = await fetchToken(auth.url, sessionToken);
});

after(async () => {
  await auth?.stop();
  rmSync(directory, { recursive: true });
});

page(
  "a token of Better Auth is explained with pasted keys if CORS blocks the fetch",
  async (inspector) => {
    assert.equal(await inspector.explain({ token, baseURL: auth.url }), "keys_unavailable");
    assert.match(await inspector.page.locator(".error-help .note").innerText(), /\(CORS\)/);
    await inspector.page.getByRole("button", { name: "Paste the JWK Set instead" }).click();
    const jwks = JSON.stringify({ keys: await fetchKeys(auth.url) });
    const expected = { issuer: auth.url, audience: auth.url };
    assert.equal(await inspector.explain({ jwks, ...expected }), "accepted");
    assert.equal(
      await inspector.explain({ audience: "https://other.example" }),
      "audience_mismatch",
    );
    assert.equal(
      await inspector.page.locator(".badge").first().innerText(),
      "signed, but rejected",
    );
    assert.equal(await inspector.page.locator(".key.used").count(), 1);
  },
);

page("a session token of Better Auth is distinguished from a JWT", async (inspector) => {
  const user = { email: "ada@example.com", password: "correct horse battery" };
  const { sessionToken } = await signIn(auth.url, "/api/auth/sign-in/email", user);
  assert.equal(await inspector.explain({ token: sessionToken, baseURL: auth.url }), "opaque_token");
  assert.match(await inspector.page.locator(".error-help").innerText(), /GET \/api\/auth\/token/);
});

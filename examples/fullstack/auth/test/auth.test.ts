/** The server as a process with its own database, over HTTP. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  decode,
  fetchKeys,
  fetchToken,
  isSignedBy,
  post,
  type SignedIn,
  signIn,
} from "./client.ts";
import { type RunningServer, runToEnd, startServer } from "./server.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const ADA = { email: "ada@example.com", password: "analytical engine", name: "Ada" };
const BOB = { email: "bob@example.com", password: "builds bridges", name: "Bob" };

const directory = mkdtempSync(join(tmpdir(), "better-auth-"));
const environment = {
  BETTER_AUTH_SECRET: "a secret for tests, long enough to pass",
  DATABASE_URL: `file:${join(directory, "new directory", "auth.db")}`,
};

let server: RunningServer;
let ada: SignedIn;
let bob: SignedIn;

before(async () => {
  server = await startServer(environment);
  ada = await signIn(server.url, "/api/auth/sign-up/email", ADA);
  bob = await signIn(server.url, "/api/auth/sign-up/email", BOB);
});

after(async () => {
  const { code, stdout, stderr } = await server.stop("SIGTERM");
  rmSync(directory, { recursive: true });
  assert.equal(code, 0);
  assert.equal(stdout, `Better Auth listening on ${server.url}\n`);
  assert.doesNotMatch(stderr, /schema/i);
});

test("every user gets a uuid in addition to Better Auth's id", () => {
  for (const { user } of [ada, bob]) {
    assert.match(user.uuid, UUID);
    assert.notEqual(user.uuid, user.id);
  }
  assert.notEqual(ada.user.uuid, bob.user.uuid);
});

test("a token's header contains only the algorithm and the key's ID", async () => {
  const { header } = decode(await fetchToken(server.url, ada.sessionToken));
  const [key] = await fetchKeys(server.url);
  assert.deepEqual(header, { alg: "EdDSA", kid: key?.kid });
});

test("a token contains both identities of the user, and its issuer", async () => {
  const { claims } = decode(await fetchToken(server.url, ada.sessionToken));
  const { iat, exp, sid, session_iat: began, ...rest } = claims;
  assert.equal(typeof sid, "string");
  assert.ok(!ada.sessionToken.includes(String(sid)), "the session's id, and never its token");
  assert.ok(Number(began) <= Number(iat) + 1);
  assert.deepEqual(rest, {
    iss: server.url,
    aud: server.url,
    sub: ada.user.id,
    id: ada.user.id,
    uuid: ada.user.uuid,
    email: ADA.email,
    name: ADA.name,
  });
  assert.equal(Number(exp) - Number(iat), 15 * 60);
});

test("the key set is public and contains only what a verifier needs", async () => {
  const keys = await fetchKeys(server.url);
  assert.equal(keys.length, 1);
  const { kid, x, ...rest } = keys[0] ?? { kid: "", x: "" };
  assert.deepEqual(rest, { alg: "EdDSA", crv: "Ed25519", kty: "OKP" });
  assert.match(kid, /^[A-Za-z0-9]{32}$/);
  assert.equal(Buffer.from(x ?? "", "base64url").length, 32);
});

test("a user who signs in again keeps both identities", async () => {
  const again = await signIn(server.url, "/api/auth/sign-in/email", ADA);
  assert.notEqual(again.sessionToken, ada.sessionToken);
  const { claims } = decode(await fetchToken(server.url, again.sessionToken));
  assert.equal(claims.uuid, ada.user.uuid);
  assert.equal(claims.sub, ada.user.id);
});

test("a user cannot choose their uuid", async () => {
  const eve = { email: "eve@example.com", password: "listens in on it", name: "Eve" };
  const response = await post(server.url, "/api/auth/sign-up/email", {
    ...eve,
    uuid: ada.user.uuid,
  });
  assert.equal(response.status, 422);

  const mallory = await signIn(server.url, "/api/auth/sign-up/email", eve);
  const update = await fetch(`${server.url}/api/auth/update-user`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      origin: server.url,
      authorization: `Bearer ${mallory.sessionToken}`,
    },
    body: JSON.stringify({ uuid: ada.user.uuid }),
  });
  assert.equal(update.status, 400);
  const { claims } = decode(await fetchToken(server.url, mallory.sessionToken));
  assert.equal(claims.uuid, mallory.user.uuid);
});

test("a token requires a session", async () => {
  const response = await fetch(`${server.url}/api/auth/token`);
  assert.equal(response.status, 401);
});

test("a page of another origin cannot sign users in", async () => {
  const response = await fetch(`${server.url}/api/auth/sign-in/email`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: "http://elsewhere.example" },
    body: JSON.stringify(ADA),
  });
  assert.equal(response.status, 403);
});

test("a path that is not Better Auth's returns 404 as JSON", async () => {
  for (const path of ["/", "/api/tasks", "/api/authority"]) {
    const response = await fetch(`${server.url}${path}`);
    assert.equal(response.status, 404);
    assert.deepEqual(await response.json(), { message: "Not found" });
  }
});

test("a rotation takes effect in the running server at once, and issued tokens stay valid", async () => {
  const old = await fetchToken(server.url, ada.sessionToken);
  const { code, stdout, stderr } = await runToEnd("src/rotate-keys.ts", environment);
  assert.deepEqual(
    { code, stdout, stderr },
    { code: 0, stdout: "Retired 1 signing key; the next token gets a new one\n", stderr: "" },
  );

  const fresh = await fetchToken(server.url, ada.sessionToken);
  assert.notEqual(decode(fresh).header.kid, decode(old).header.kid);

  const keys = await fetchKeys(server.url);
  assert.equal(keys.length, 2);
  assert.ok(isSignedBy(keys, old));
  assert.ok(isSignedBy(keys, fresh));
});

test("a second rotation retires only the key in use", async () => {
  const { stdout } = await runToEnd("src/rotate-keys.ts", environment);
  assert.equal(stdout, "Retired 1 signing key; the next token gets a new one\n");
  const idle = await runToEnd("src/rotate-keys.ts", environment);
  assert.equal(idle.stdout, "Retired 0 signing keys; the next token gets a new one\n");
});

test("the rotation fails if the database does not exist", async () => {
  const DATABASE_URL = `file:${join(directory, "typo.db")}`;
  const { code, stderr } = await runToEnd("src/rotate-keys.ts", { ...environment, DATABASE_URL });
  assert.equal(code, 1);
  assert.equal(stderr, `the database ${DATABASE_URL} does not exist\n`);
});

test("one error names all wrong settings and never contains the secret", async () => {
  const missing = await runToEnd("src/server.ts", { PORT: "0" });
  assert.equal(missing.code, 1);
  assert.equal(missing.stdout, "");
  assert.equal(
    missing.stderr,
    "Better Auth is misconfigured:\n  BETTER_AUTH_SECRET: required, at least 32 characters\n",
  );

  const wrong = await runToEnd("src/server.ts", {
    PORT: "http",
    BETTER_AUTH_SECRET: "hunter2",
    BETTER_AUTH_URL: "http://localhost:3000/api/auth",
    DATABASE_URL: "mysql://localhost/hunter2",
    BETTER_AUTH_TRUSTED_ORIGINS: "http://localhost:3001,localhost",
  });
  assert.equal(wrong.code, 1);
  const named = wrong.stderr.split("\n").map((line) => line.trim().split(":")[0]);
  assert.deepEqual(named.slice(1, -1), [
    "PORT",
    "BETTER_AUTH_SECRET",
    "BETTER_AUTH_URL",
    "DATABASE_URL",
    "BETTER_AUTH_TRUSTED_ORIGINS",
  ]);
  assert.doesNotMatch(wrong.stderr, /hunter2/);
});

test("a server with another base URL issues tokens with that issuer and has the same users", async () => {
  const second = await startServer({
    ...environment,
    BETTER_AUTH_URL: "http://localhost:3000/",
    BETTER_AUTH_TRUSTED_ORIGINS: "http://localhost:3001",
  });
  try {
    const { claims } = decode(await fetchToken(second.url, ada.sessionToken));
    assert.equal(claims.iss, "http://localhost:3000");
    assert.equal(claims.aud, "http://localhost:3000");
    assert.equal(claims.uuid, ada.user.uuid);
  } finally {
    assert.equal((await second.stop("close stdin")).code, 0);
  }
});

test("Ctrl-C ends the server with success", async () => {
  const second = await startServer(environment);
  const started = Date.now();
  assert.equal((await second.stop("SIGINT")).code, 0);
  assert.ok(Date.now() - started < 2000);
});

/** The endpoints of the demo page: what they do, and where they do not exist. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { decode, fetchKeys, fetchToken, isSignedBy, type SignedIn, signIn } from "./client.ts";
import { type RunningServer, runToEnd, startServer } from "./server.ts";

const PATHS = ["expired-token", "second-session", "rotate-keys"];
const ADA = { email: "ada@example.com", password: "analytical engine", name: "Ada" };

const directory = mkdtempSync(join(tmpdir(), "better-auth-demo-"));
const environment = {
  BETTER_AUTH_SECRET: "a secret for tests, long enough to pass",
  DATABASE_URL: `file:${join(directory, "auth.db")}`,
};

let server: RunningServer;
let ada: SignedIn;

before(async () => {
  server = await startServer({ ...environment, DEMO: "1" });
  ada = await signIn(server.url, "/api/auth/sign-up/email", ADA);
});

after(async () => {
  await server.stop();
  rmSync(directory, { recursive: true });
});

test("an expired token is the user's, signed by a published key, and ended 45 minutes ago", async () => {
  const { token } = await call("expired-token");
  const { claims } = decode(String(token));
  assert.deepEqual([claims.sub, claims.uuid], [ada.user.id, ada.user.uuid]);
  assert.equal(Number(claims.exp) - Number(claims.iat), 15 * 60);
  const age = Date.now() / 1000 - Number(claims.exp);
  assert.ok(age >= 45 * 60 && age < 60 * 60, `expired ${age} s ago`);
  assert.ok(isSignedBy(await fetchKeys(server.url), String(token)));
});

test("a second session is another session of the same user, which the user can revoke", async () => {
  const { sessionToken } = await call("second-session");
  const [own, second] = [
    decode(await fetchToken(server.url, ada.sessionToken)).claims,
    decode(await fetchToken(server.url, String(sessionToken))).claims,
  ];
  assert.equal(second.sub, own.sub);
  assert.notEqual(second.sid, own.sid);
  const revoked = await post("revoke-session", ada.sessionToken, { token: sessionToken });
  assert.equal(revoked.status, 200);
  const again = await fetch(`${server.url}/api/auth/token`, bearer(String(sessionToken)));
  assert.equal(again.status, 401);
});

test("a rotation gives the next token a new key and keeps issued tokens valid", async () => {
  const old = await fetchToken(server.url, ada.sessionToken);
  assert.deepEqual(await call("rotate-keys"), { retired: 1 });
  const fresh = await fetchToken(server.url, ada.sessionToken);
  assert.notEqual(decode(fresh).header.kid, decode(old).header.kid);
  const keys = await fetchKeys(server.url);
  assert.ok(isSignedBy(keys, old) && isSignedBy(keys, fresh));
});

test("every endpoint of the demo requires a session, and a page of this site", async () => {
  for (const path of PATHS) {
    assert.equal((await post(`demo/${path}`)).status, 401, path);
    const origin = "http://elsewhere.example";
    const cookie = `better-auth.session_token=${encodeURIComponent(ada.sessionToken)}`;
    const elsewhere = await fetch(`${server.url}/api/auth/demo/${path}`, {
      method: "POST",
      headers: { origin, cookie, "content-type": "application/json" },
      body: "{}",
    });
    assert.equal(elsewhere.status, 403, path);
  }
});

test("without DEMO=1, no endpoint of the demo exists", async () => {
  for (const DEMO of ["", "true"]) {
    const other = await startServer({ ...environment, DEMO });
    try {
      for (const path of PATHS) {
        const url = `${other.url}/api/auth/demo/${path}`;
        const headers = { ...bearer(ada.sessionToken).headers, origin: other.url };
        assert.equal((await fetch(url, { method: "POST", headers })).status, 404, path);
      }
    } finally {
      await other.stop();
    }
  }
});

test("with DEMO=1, the server does not start where other computers can reach it", async () => {
  for (const settings of [
    { HOST: "0.0.0.0", BETTER_AUTH_URL: "http://127.0.0.1:3000" },
    { BETTER_AUTH_URL: "https://app.example.com" },
    { BETTER_AUTH_URL: "http://127.0.0.1.example.com" },
    { BETTER_AUTH_TRUSTED_ORIGINS: "http://localhost:3001,https://app.example.com" },
    { EDGE_URL: "https://edge.example.com" },
    { NODE_ENV: "production" },
  ]) {
    const { code, stdout, stderr } = await runToEnd("src/server.ts", {
      ...environment,
      DEMO: "1",
      PORT: "0",
      ...(settings as Record<string, string>),
    });
    assert.deepEqual([code, stdout], [1, ""], JSON.stringify(settings));
    assert.match(stderr, /^ {2}DEMO: 1 (requires|is not possible)/m);
  }
});

function bearer(token: string) {
  return { headers: { authorization: `Bearer ${token}` } };
}

/** Posts to Better Auth with this session, or with none. */
function post(path: string, sessionToken?: string, body: object = {}): Promise<Response> {
  return fetch(`${server.url}/api/auth/${path}`, {
    method: "POST",
    headers: {
      ...(sessionToken ? bearer(sessionToken).headers : {}),
      "content-type": "application/json",
      origin: server.url,
    },
    body: JSON.stringify(body),
  });
}

/** Calls an endpoint of the demo as Ada. */
async function call(path: string): Promise<Record<string, unknown>> {
  const response = await post(`demo/${path}`, ada.sessionToken);
  assert.equal(response.status, 200, await response.clone().text());
  return (await response.json()) as Record<string, unknown>;
}

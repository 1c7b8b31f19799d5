/** `verifyRequest`: the Worker's decisions in any JavaScript host. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createVerifier, type GatewayOptions } from "better-auth-edge";
import { newSigner, token } from "./tokens.ts";

const AUTH = "https://auth.example";
const signer = newSigner("ES256");
const now = Math.floor(Date.now() / 1000);
const claims = { iss: AUTH, aud: AUTH, sub: "user-1", iat: now, exp: now + 600 };
const authorization = `Bearer ${token(signer, claims)}`;

const rules: GatewayOptions = {
  routes: [
    { path: "/open", auth: "public" },
    { path: "/api/{user_id}/*", match: { user_id: "sub" } },
  ],
  logLevel: "none",
};

async function decide(path: string, headers: Record<string, string> = {}) {
  const verifier = await createVerifier({ baseURL: AUTH, jwks: { keys: [signer.jwk] } });
  return verifier.verifyRequest(new Request(`https://app.example${path}`, { headers }), rules);
}

test("a good request comes with its user, and with headers that nobody has forged", async () => {
  const decision = await decide("/api/user-1/a", { authorization, "X-Edge-User": "forged" });
  assert.ok(decision.ok);
  assert.equal(decision.user?.id, "user-1");
  assert.equal(decision.payload?.sub, "user-1");
  assert.equal(decision.headers.get("x-edge-user"), "user-1");
});

test("a public path has no user, and no forged headers either", async () => {
  const decision = await decide("/open", { "x-edge-user": "forged", x_edge_user: "forged" });
  assert.ok(decision.ok);
  assert.equal(decision.user, undefined);
  assert.deepEqual([...decision.headers.keys()], ["x-request-id"]);
});

test("a refusal is a whole response", async () => {
  for (const [path, headers, status, code] of [
    ["/api/user-1/a", {}, 401, "missing_token"],
    ["/api/user-1/a", { authorization: "Bearer a.b.c" }, 401, "malformed_token"],
    ["/api/user-2/a", { authorization }, 403, "user_mismatch"],
    ["/api//a", { authorization }, 400, "ambiguous_path"],
  ] as const) {
    const decision = await decide(path, headers);
    assert.ok(!decision.ok, path);
    assert.deepEqual([decision.response.status, decision.code], [status, code]);
    assert.equal((await decision.response.json()).code, code);
    assert.equal(decision.response.headers.get("content-type"), "application/problem+json");
  }
});

test("wrong options are refused with every fault", async () => {
  const verifier = await createVerifier({ jwks: { keys: [] }, issuer: AUTH, audience: AUTH });
  const wrong = { routes: [{ path: "/a", to: "origin" as const }] };
  await assert.rejects(verifier.verifyRequest(new Request("https://a.example"), wrong), {
    code: "misconfigured",
    message: /baseURL is required.*routes \[0\]: to = "origin" needs an origin/,
  });
});

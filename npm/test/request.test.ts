/** `verifyRequest`: the Worker's decisions in any JavaScript host. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { inspect } from "node:util";
import {
  createVerifier,
  EdgeAuthError,
  type GatewayOptions,
  type VerifierOptions,
} from "better-auth-edge";
import { ApiError } from "better-auth-edge/client";
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

test("a valid request has its user, and no forged headers", async () => {
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
    message: /routes \[0\]: to = "origin" needs an origin/,
  });
});

test("a verifier decides about requests with every source of keys", async () => {
  const secret = crypto.getRandomValues(new Uint8Array(32));
  const hs256 = { secret, algorithms: ["HS256" as const] };
  const keys = async () => Response.json({ keys: [signer.jwk] });
  const expected = { issuer: AUTH, audience: AUTH };
  for (const [options, bearer] of [
    [{ jwks: { keys: [signer.jwk] }, ...expected }, authorization],
    [{ jwksUrl: "https://keys.example/set", fetch: keys, ...expected }, authorization],
    [{ baseURL: AUTH, fetch: keys }, authorization],
    [{ ...hs256, ...expected }, `Bearer ${hmac(secret)}`],
    [{ ...hs256, secret: Buffer.from(secret), ...expected }, `Bearer ${hmac(secret)}`],
    [
      { ...hs256, secret: "a text of no fewer than 32 bytes, as it must be", ...expected },
      `Bearer ${hmac(Buffer.from("a text of no fewer than 32 bytes, as it must be"))}`,
    ],
    [{ ...hs256, baseURL: AUTH }, `Bearer ${hmac(secret)}`],
  ] as [VerifierOptions, string][]) {
    const verifier = await createVerifier(options);
    const url = "https://app.example/api/user-1/a";
    const decide = (authorization: string) =>
      verifier.verifyRequest(new Request(url, { headers: { authorization } }), rules);
    const decision = await decide(bearer);
    assert.ok(decision.ok, JSON.stringify([options, decision]));
    assert.equal(decision.user?.id, "user-1");
    const other = await decide(`${bearer.slice(0, -8)}AAAAAAAA`);
    assert.ok(!other.ok);
    assert.equal(other.code, "bad_signature");
  }
});

test("sessions say that they need to know where Better Auth is", async () => {
  const verifier = await createVerifier({ jwks: { keys: [] }, issuer: AUTH, audience: AUTH });
  for (const more of [{ sessionExchange: true }, { cookieCache: "jwks" as const }]) {
    await assert.rejects(verifier.verifyRequest(new Request("https://a.example"), more), {
      code: "misconfigured",
      message: new RegExp(`^${Object.keys(more)[0]} needs baseURL`),
    });
  }
});

test("what is no request is told what a request is", async () => {
  const verifier = await createVerifier({ baseURL: AUTH });
  for (const [request, fault] of [
    [undefined, /there is no request/],
    ["/path", /there is no request/],
    [{ url: "/", headers: {} }, /has no method/],
    [{ method: "GET", headers: {} }, /has no url/],
    [{ method: "GET", url: new URL("https://a.example"), headers: {} }, /has no url/],
    [{ method: "GET", url: "/" }, /has no headers/],
    [{ method: "GET", url: "/", headers: [["host", "a"]] }, /has no headers/],
    [{ method: "GET", url: "/", headers: { "a b": "secret" } }, /a header of the request/],
  ] as const) {
    const decision = await verifier.verifyRequest(request as never, rules);
    assert.ok(!decision.ok);
    assert.deepEqual([decision.response.status, decision.code], [400, "malformed_request"]);
    const { detail } = await decision.response.json();
    assert.match(detail, fault);
    assert.doesNotMatch(detail, /secret/);
  }
});

test("a token with its scheme is told to leave it out", async () => {
  const verifier = await createVerifier({ baseURL: AUTH, jwks: { keys: [signer.jwk] } });
  for (const scheme of ["Bearer", "bearer", "BEARER"]) {
    await assert.rejects(verifier.verify(authorization.replace("Bearer", scheme)), {
      code: "malformed_token",
      message: /begins with "Bearer "/,
    });
  }
});

test("traces and the console call classes by their names", async () => {
  const verifier = await createVerifier({ baseURL: AUTH });
  const error = await verifier.verify("a.b").catch((error) => error);
  assert.match(inspect(error), /^EdgeAuthError: /);
  assert.match(String(error.stack), /^EdgeAuthError: |^Error: /);
  assert.equal(EdgeAuthError.name, "EdgeAuthError");
  assert.match(inspect(verifier), /^Verifier /);
  assert.equal(ApiError.name, "ApiError");
});

/** Signed by a secret. */
function hmac(secret: Uint8Array): string {
  const encoded = [{ alg: "HS256" }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString("base64url"),
  );
  const input = encoded.join(".");
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
}

test("a redirect that only adds a slash is followed once, and no other", async () => {
  const moved = (location: string, status = 308) =>
    new Response(null, { status, headers: { location } });
  const set = () => Response.json({ keys: [signer.jwk] });
  for (const [answers, isGood] of [
    [[moved("/set/"), set()], true],
    [[moved("https://keys.example/set/", 307), set()], true],
    [[moved("https://other.example/set/"), set()], false],
    [[moved("http://keys.example/set/"), set()], false],
    [[moved("/other/"), set()], false],
    [[moved("/set"), set()], false],
    [[moved("/set/?a=b"), set()], false],
    [[moved("/set/"), moved("/set//"), set()], false],
    [[moved("//"), set()], false],
  ] as [Response[], boolean][]) {
    const asked: string[] = [];
    const fetch = async (url: string) => {
      asked.push(url);
      return answers[asked.length - 1] ?? assert.fail("too often");
    };
    const verifier = await createVerifier({
      jwksUrl: "https://keys.example/set",
      issuer: AUTH,
      audience: AUTH,
      ...({ fetch } as object),
    });
    const verified = await verifier.verify(authorization.slice(7)).then(
      () => true,
      (error) => {
        assert.equal(error.code, "keys_unavailable");
        return false;
      },
    );
    assert.equal(verified, isGood, asked.join(" "));
    assert.ok(
      asked.every((url) => /^https:\/\/keys\.example\/set\/?$/.test(url)),
      asked.join(" "),
    );
  }
});

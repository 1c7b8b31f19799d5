/** `verifyRequest`: the Worker's decisions in Node. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import {
  createVerifier,
  EdgeAuthError,
  type GatewayOptions,
  type VerifierOptions,
} from "better-auth-edge";
import { ApiError } from "better-auth-edge/client";
import { AUTH, authorization, claims, signer, verifierOptions } from "./fixtures.ts";
import { hmacToken, token } from "./tokens.ts";

const SECRET = "a text of at least 32 bytes, as required";

const rules: GatewayOptions = {
  routes: [
    { path: "/open", auth: "public" },
    { path: "/api/{user_id}/*", match: { user_id: "sub" } },
  ],
  logLevel: "none",
};

async function decide(path: string, headers: Record<string, string> = {}) {
  const verifier = await createVerifier(verifierOptions);
  return verifier.verifyRequest(new Request(`https://app.example${path}`, { headers }), rules);
}

test("a valid request has its user and no forged headers", async () => {
  const decision = await decide("/api/user-1/a", { authorization, "X-Edge-User": "forged" });
  assert.ok(decision.ok);
  assert.equal(decision.user?.id, "user-1");
  assert.equal(decision.payload?.sub, "user-1");
  assert.equal(decision.headers.get("x-edge-user"), "user-1");
});

test("a public path has no user and no forged headers", async () => {
  const decision = await decide("/open", { "x-edge-user": "forged", x_edge_user: "forged" });
  assert.ok(decision.ok);
  assert.equal(decision.user, undefined);
  assert.deepEqual([...decision.headers.keys()], ["x-request-id"]);
});

test("a rejection contains a problem response", async () => {
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

test("a rule with an invalid target is misconfigured", async () => {
  const verifier = await createVerifier({ jwks: { keys: [] }, issuer: AUTH, audience: AUTH });
  const wrong = { routes: [{ path: "/a", to: "origin" as const }] };
  await assert.rejects(verifier.verifyRequest(new Request("https://a.example"), wrong), {
    code: "misconfigured",
    message: /routes \[0\]: to is "origin": set origin to the origin server's URL/,
  });
});

test("verifyRequest works with every source of keys", async () => {
  const secret = crypto.getRandomValues(new Uint8Array(32));
  const hs256 = { secret, algorithms: ["HS256" as const] };
  const keys = async () => Response.json({ keys: [signer.jwk] });
  const expected = { issuer: AUTH, audience: AUTH };
  for (const [options, bearer] of [
    [{ jwks: { keys: [signer.jwk] }, ...expected }, authorization],
    [{ jwksUrl: "https://keys.example/set", fetch: keys, ...expected }, authorization],
    [{ baseURL: AUTH, fetch: keys }, authorization],
    [{ ...hs256, ...expected }, `Bearer ${hmacToken("HS256", Buffer.from(secret), claims)}`],
    [
      { ...hs256, secret: Buffer.from(secret), ...expected },
      `Bearer ${hmacToken("HS256", Buffer.from(secret), claims)}`,
    ],
    [{ ...hs256, secret: SECRET, ...expected }, `Bearer ${hmacToken("HS256", SECRET, claims)}`],
    [{ ...hs256, baseURL: AUTH }, `Bearer ${hmacToken("HS256", Buffer.from(secret), claims)}`],
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

test("session options require baseURL", async () => {
  const verifier = await createVerifier({ jwks: { keys: [] }, issuer: AUTH, audience: AUTH });
  for (const more of [{ sessionExchange: true }, { cookieCache: "jwks" as const }]) {
    await assert.rejects(verifier.verifyRequest(new Request("https://a.example"), more), {
      code: "misconfigured",
      message: new RegExp(`^${Object.keys(more)[0]} needs baseURL`),
    });
  }
});

test("the rejection of an invalid request says what is missing", async () => {
  const verifier = await createVerifier({ baseURL: AUTH });
  for (const [request, error] of [
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
    assert.match(detail, error);
    assert.doesNotMatch(detail, /secret/);
  }
});

test("the error for a token with its scheme names the scheme", async () => {
  const verifier = await createVerifier(verifierOptions);
  for (const scheme of ["Bearer", "bearer", "BEARER"]) {
    await assert.rejects(verifier.verify(authorization.replace("Bearer", scheme)), {
      code: "malformed_token",
      message: /begins with "Bearer "/,
    });
  }
});

test("classes keep their names in stack traces and in the console", async () => {
  const verifier = await createVerifier({ baseURL: AUTH });
  const error = await verifier.verify("a.b").catch((error) => error);
  assert.match(inspect(error), /^EdgeAuthError: /);
  assert.match(String(error.stack), /^EdgeAuthError: |^Error: /);
  assert.equal(EdgeAuthError.name, "EdgeAuthError");
  assert.match(inspect(verifier), /^Verifier /);
  assert.equal(ApiError.name, "ApiError");
});

test("only a redirect that adds a slash is followed, and only once", async () => {
  const moved = (location: string, status = 308) =>
    new Response(null, { status, headers: { location } });
  const set = () => Response.json({ keys: [signer.jwk] });
  for (const [responses, isFollowed] of [
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
    const urls: string[] = [];
    const fetch = async (url: string) => {
      urls.push(url);
      return responses[urls.length - 1] ?? assert.fail("one fetch too many");
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
    assert.equal(verified, isFollowed, urls.join(" "));
    assert.ok(
      urls.every((url) => /^https:\/\/keys\.example\/set\/?$/.test(url)),
      urls.join(" "),
    );
  }
});

test("verifyRequest reads the lists of its verifier as verify does", async () => {
  for (const [options, mine, other] of [
    [{ audience: "a,b" }, { aud: "a,b" }, { aud: "a" }],
    [{ audience: ["a,b"] }, { aud: "a,b" }, { aud: "b" }],
    [
      { issuer: ["https://a.example,https://b.example"] },
      { iss: "https://a.example,https://b.example" },
      { iss: "https://b.example" },
    ],
    [{ userClaim: "x,sub" }, { "x,sub": "user-2" }, {}],
  ] as const) {
    const verifier = await createVerifier({ ...verifierOptions, ...(options as VerifierOptions) });
    const codes = async (more: object) => {
      const jwt = token(signer, { ...claims, ...more });
      const verified = await verifier.verify(jwt).then(
        () => "ok",
        (error: EdgeAuthError) => error.code,
      );
      const request = new Request("https://app.example/a", {
        headers: { authorization: `Bearer ${jwt}` },
      });
      const decision = await verifier.verifyRequest(request, { logLevel: "none" });
      return [verified, decision.ok ? "ok" : decision.code];
    };
    assert.deepEqual(await codes(mine), ["ok", "ok"], JSON.stringify(options));
    const [verified, decided] = await codes(other);
    assert.notEqual(verified, "ok");
    assert.equal(decided, verified, JSON.stringify(options));
  }
});

test("an option of verifyRequest overrides the verifier's, and an array keeps its commas", async () => {
  const verifier = await createVerifier({ ...verifierOptions, audience: "a" });
  const decide = async (aud: string, options: object) => {
    const headers = { authorization: `Bearer ${token(signer, { ...claims, aud })}` };
    const request = new Request("https://app.example/a", { headers });
    const decision = await verifier.verifyRequest(request, { logLevel: "none", ...options });
    return decision.ok ? "ok" : decision.code;
  };
  assert.equal(await decide("a", {}), "ok");
  assert.equal(await decide("a", { audience: undefined }), "ok");
  assert.equal(await decide("a", { audience: ["b"] }), "audience_mismatch");
  assert.equal(await decide("b", { audience: "b,c" }), "ok");
  assert.equal(await decide("b", { audience: ["b,c"] }), "audience_mismatch");
});

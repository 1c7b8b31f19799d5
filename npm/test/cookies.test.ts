/** How `verifyRequest` reads Better Auth's cookies. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { createVerifier, type Decision, type GatewayOptions } from "better-auth-edge";
import { AUTH, claims, now, signer } from "./fixtures.ts";
import { hmacToken, token } from "./tokens.ts";

const SECRET = "a secret that only Better Auth and the edge know";

/** A cookie's value as Better Auth signs it. */
function signed(session: string, secret = SECRET): string {
  const mac = createHmac("sha256", secret).update(session).digest("base64");
  return encodeURIComponent(`${session}.${mac}`);
}

/** An auth server, and the session cookies that it exchanged. */
function authServer() {
  const exchanged: string[] = [];
  const fetch = async (url: string, init?: RequestInit): Promise<Response> => {
    const cookie = new Headers(init?.headers).get("cookie");
    if (cookie === null) return Response.json({ keys: [signer.jwk] });
    assert.equal(new URL(url).pathname, "/api/auth/token");
    exchanged.push(cookie);
    return Response.json({ token: token(signer, claims) });
  };
  return { exchanged, fetch };
}

async function decide(
  options: GatewayOptions,
  cookie: string,
  more: { method?: string; headers?: Record<string, string> } = {},
): Promise<{ decision: Decision; exchanged: string[] }> {
  const { exchanged, fetch } = authServer();
  const verifier = await createVerifier({ baseURL: AUTH, fetch });
  const headers = { cookie, ...more.headers };
  const request = new Request("https://app.example/a", { ...more, headers });
  const decision = await verifier.verifyRequest(request, { ...forwarding, ...options });
  return { decision, exchanged };
}

const forwarding: GatewayOptions = {
  origin: "https://origin.example",
  routes: [{ path: "/*", to: "origin" }],
  logLevel: "none",
};

const NAME = "better-auth.session_token";

test("the edge exchanges only session cookies that Better Auth signed", async () => {
  for (const secret of [SECRET, new TextEncoder().encode(SECRET)]) {
    const options = { sessionExchange: true, secret };
    const forged = `${NAME}=${signed("t", "another secret")}`;
    const live = `${NAME}=${signed("t")}`;
    const good = await decide(options, `${forged}; ${NAME}=x.y; ${live}`);
    assert.ok(good.decision.ok);
    assert.equal(good.decision.user?.id, "user-1");
    assert.deepEqual(good.exchanged, [live]);

    const bad = await decide(options, forged);
    assert.ok(!bad.decision.ok);
    assert.equal(bad.decision.code, "missing_token");
    assert.equal(bad.decision.response.status, 401);
    assert.match((await bad.decision.response.json()).detail, /is not signed by Better Auth/);
    assert.deepEqual(bad.exchanged, []);
  }
});

test("a token signed by the cookies' secret is rejected", async () => {
  const authorization = `Bearer ${hmacToken("HS256", SECRET, claims)}`;
  const options = { sessionExchange: true, secret: SECRET };
  const { decision } = await decide(options, "a=b", { headers: { authorization } });
  assert.ok(!decision.ok);
  assert.equal(decision.code, "unsupported_algorithm");
});

test("a secret is a string or its bytes", async () => {
  const verifier = await createVerifier({ baseURL: AUTH });
  for (const [secret, message] of [
    ["", /secret is empty/],
    [new Uint8Array(), /secret is empty/],
    [7, /secret is neither a string nor a Uint8Array/],
    [new ArrayBuffer(32), /secret is neither a string nor a Uint8Array/],
  ] as const) {
    const options = { sessionExchange: true, secret: secret as string | Uint8Array };
    await assert.rejects(verifier.verifyRequest(new Request(AUTH), options), {
      code: "misconfigured",
      message,
    });
  }
  const bytes = { sessionExchange: true, secret: new Uint8Array([0xff, 0xfe]) };
  const decision = await verifier.verifyRequest(new Request(AUTH), bytes);
  assert.equal(decision.ok || decision.code, "missing_token");
  const missing = { cookieCache: "secret" as const, secret: undefined };
  await assert.rejects(verifier.verifyRequest(new Request(AUTH), missing), {
    code: "misconfigured",
    message: /cookieCache needs/,
  });
  // createVerifier accepts a secret only with an HMAC algorithm
  await assert.rejects(createVerifier({ baseURL: AUTH, secret: SECRET }), {
    code: "misconfigured",
  });
});

const session = {
  token: "the-token-of-the-session",
  userId: "user-1",
  expiresAt: new Date((now + 3600) * 1000).toISOString(),
};
const user = {
  id: "user-1",
  email: "ada@example.com",
  name: "Ada",
  image: null,
  tags: ["a", { b: [1.5, null] }],
};
const cache = { session, user, updatedAt: now * 1000, version: "1", iat: now, exp: now + 300 };

for (const [by, sign, options] of [
  ["the auth server's keys", bySigner, { cookieCache: "jwks" }],
  [
    "the auth server's secret",
    () => hmacToken("HS256", SECRET, cache),
    { cookieCache: "secret", secret: SECRET },
  ],
] as const) {
  test(`a cookie cache signed by ${by} contains the user's record and no session`, async () => {
    for (const [names, prefix] of [
      [{}, "better-auth.session_"],
      [{ sessionCookieName: "s_token", cookieCacheName: "s_data" }, "__Secure-s_"],
    ] as const) {
      const cookies = `${prefix}token=${signed(session.token)}; ${prefix}data=${sign()}; a=b`;
      const { decision, exchanged } = await decide({ ...options, ...names }, cookies);
      assert.ok(decision.ok);
      assert.deepEqual(exchanged, []);
      const { id, email, name, claims } = decision.user ?? {};
      assert.deepEqual({ id, email, name }, { id: "user-1", email: user.email, name: "Ada" });
      assert.equal(claims, decision.payload);
      const { iss, aud, ...payload } = decision.payload ?? {};
      assert.deepEqual(payload, { ...user, sub: "user-1", iat: now, exp: now + 300 });
      assert.deepEqual([iss, aud], [AUTH, "better-auth:session-cache"]);
      assert.doesNotMatch(JSON.stringify(decision), new RegExp(session.token));
      assert.equal(decision.headers.get("cookie"), "a=b");
    }
  });
}

function bySigner(): string {
  const extra = {
    iss: AUTH,
    aud: "better-auth:session-cache",
    sub: user.id,
    sid: session.token,
  };
  return token(signer, { ...cache, ...extra }, { typ: "better-auth.session-cache+jwt" });
}

test("leftover parts of a cookie cache never make a request malformed", async () => {
  const live = `${NAME}=${signed(session.token)}`;
  const whole = `better-auth.session_data=${bySigner()}`;
  const part = "better-auth.session_data.1=x";
  for (const [cookies, exchange, expected] of [
    [[live, whole, part], false, undefined],
    [[live, whole, part], true, undefined],
    [[live, "better-auth.session_data=old", part], true, undefined],
    [[live, part], true, undefined],
    [[live, "better-auth.session_data=old", part], false, "malformed_token"],
    [[live, part], false, "malformed_token"],
  ] as const) {
    const options = { cookieCache: "jwks", sessionExchange: exchange } as const;
    const { decision } = await decide(options, cookies.join("; "));
    assert.equal(decision.ok ? undefined : decision.code, expected, cookies.join("; "));
    if (!decision.ok) assert.equal(decision.response.status, 401);
  }
});

test("a POST with the Origin header null passes only if the browser calls it same-origin", async () => {
  const live = `${NAME}=${signed("t")}`;
  for (const [site, ok] of [
    ["same-origin", true],
    ["same-site", false],
    ["cross-site", false],
    ["none", false],
    [undefined, false],
  ] as const) {
    const headers = { origin: "null", ...(site && { "sec-fetch-site": site }) };
    const { decision } = await decide({ sessionExchange: true }, live, { method: "POST", headers });
    assert.equal(decision.ok, ok, site);
  }
});

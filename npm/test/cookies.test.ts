/** Better Auth's cookies as `verifyRequest` reads them. */
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

/** An auth server, and the sessions that it was asked about. */
function authServer() {
  const asked: string[] = [];
  const fetch = async (url: string, init?: RequestInit): Promise<Response> => {
    const cookie = new Headers(init?.headers).get("cookie");
    if (cookie === null) return Response.json({ keys: [signer.jwk] });
    assert.equal(new URL(url).pathname, "/api/auth/token");
    asked.push(cookie);
    return Response.json({ token: token(signer, claims) });
  };
  return { asked, fetch };
}

async function decide(
  options: GatewayOptions,
  cookie: string,
  more: { method?: string; headers?: Record<string, string> } = {},
): Promise<{ decision: Decision; asked: string[] }> {
  const { asked, fetch } = authServer();
  const verifier = await createVerifier({ baseURL: AUTH, fetch });
  const headers = { cookie, ...more.headers };
  const request = new Request("https://app.example/a", { ...more, headers });
  const decision = await verifier.verifyRequest(request, { ...toOrigin, ...options });
  return { decision, asked };
}

const toOrigin: GatewayOptions = {
  origin: "https://origin.example",
  routes: [{ path: "/*", to: "origin" }],
  logLevel: "none",
};

const NAME = "better-auth.session_token";

test("a session that Better Auth has signed is exchanged, and others cost it nothing", async () => {
  for (const secret of [SECRET, new TextEncoder().encode(SECRET)]) {
    const options = { sessionExchange: true, secret };
    const forged = `${NAME}=${signed("t", "another secret")}`;
    const live = `${NAME}=${signed("t")}`;
    const good = await decide(options, `${forged}; ${NAME}=x.y; ${live}`);
    assert.ok(good.decision.ok);
    assert.equal(good.decision.user?.id, "user-1");
    assert.deepEqual(good.asked, [live]);

    const bad = await decide(options, forged);
    assert.ok(!bad.decision.ok);
    assert.equal(bad.decision.code, "missing_token");
    assert.equal(bad.decision.response.status, 401);
    assert.match((await bad.decision.response.json()).detail, /is not signed by Better Auth/);
    assert.deepEqual(bad.asked, []);
  }
});

test("no token counts by the secret that cookies are signed with", async () => {
  const authorization = `Bearer ${hmacToken("HS256", SECRET, claims)}`;
  const options = { sessionExchange: true, secret: SECRET };
  const { decision } = await decide(options, "a=b", { headers: { authorization } });
  assert.ok(!decision.ok);
  assert.equal(decision.code, "unsupported_algorithm");
});

test("a secret is a text or its bytes", async () => {
  const verifier = await createVerifier({ baseURL: AUTH });
  for (const [secret, fault] of [
    ["", /secret is empty/],
    [new Uint8Array(), /secret is empty/],
    [7, /secret is neither a string nor a Uint8Array/],
    [new ArrayBuffer(32), /secret is neither a string nor a Uint8Array/],
  ] as const) {
    const options = { sessionExchange: true, secret: secret as string | Uint8Array };
    await assert.rejects(verifier.verifyRequest(new Request(AUTH), options), {
      code: "misconfigured",
      message: fault,
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
  // a verifier of tokens has one or the other
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
  ["keys", bySigner, { cookieCache: "jwks" }],
  [
    "its secret",
    () => hmacToken("HS256", SECRET, cache),
    { cookieCache: "secret", secret: SECRET },
  ],
] as const) {
  test(`a cookie cache that is signed by ${by} gives the user's record and no session`, async () => {
    for (const [names, prefix] of [
      [{}, "better-auth.session_"],
      [{ sessionCookieName: "s_token", cookieCacheName: "s_data" }, "__Secure-s_"],
    ] as const) {
      const cookies = `${prefix}token=${signed(session.token)}; ${prefix}data=${sign()}; a=b`;
      const { decision, asked } = await decide({ ...options, ...names }, cookies);
      assert.ok(decision.ok);
      assert.deepEqual(asked, []);
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
  const about = {
    iss: AUTH,
    aud: "better-auth:session-cache",
    sub: user.id,
    sid: session.token,
  };
  return token(signer, { ...cache, ...about }, { typ: "better-auth.session-cache+jwt" });
}

test("parts that are left over from a cache are never a bad request", async () => {
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

test("a form of a page that hides its origin passes where the browser says whose it is", async () => {
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

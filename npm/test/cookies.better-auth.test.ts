/** Cookies of a real Better Auth, with each of its options that changes them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createVerifier, type GatewayOptions } from "better-auth-edge";
import { importBetterAuth, SECRET } from "./better-auth.ts";

const { betterAuth } = await importBetterAuth("better-auth");
const { memoryAdapter } = await importBetterAuth("better-auth/adapters/memory");
const { jwt, multiSession } = await importBetterAuth("better-auth/plugins");

const BASE = "https://app.example.com";

/**
 * Signs a user up at a Better Auth server in this process. Returns the server's `fetch`, the user's
 * cookies and the number of exchanged tokens.
 */
async function signUp(options: Record<string, unknown> = {}, jwtOptions: object = {}) {
  const database: Record<string, unknown[]> = {};
  for (const model of ["user", "session", "account", "verification", "jwks"]) database[model] = [];
  const auth = betterAuth({
    baseURL: BASE,
    database: memoryAdapter(database),
    emailAndPassword: { enabled: true },
    plugins: [jwt(jwtOptions), multiSession()],
    logger: { disabled: true },
    rateLimit: { enabled: false },
    ...("secrets" in options ? {} : { secret: SECRET }),
    ...options,
  });
  const signedUp: Response = await auth.handler(
    new Request(`${BASE}/api/auth/sign-up/email`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: BASE },
      body: JSON.stringify({ name: "Ada", email: "ada@example.com", password: "long enough" }),
    }),
  );
  assert.equal(signedUp.status, 200);
  const cookies = signedUp.headers.getSetCookie().map((cookie) => cookie.split(";")[0] as string);
  let tokens = 0;
  const fetch = async (url: string, init?: RequestInit): Promise<Response> => {
    if (url.includes("/token")) tokens += 1;
    return auth.handler(new Request(url, init));
  };
  return { fetch, cookies, tokens: () => tokens };
}

async function decide(
  fetch: (url: string, init?: RequestInit) => Promise<Response>,
  options: GatewayOptions,
  cookie: string,
) {
  const verifier = await createVerifier({ baseURL: BASE, fetch });
  const request = new Request("https://api.example.com/a", { headers: { cookie } });
  return verifier.verifyRequest(request, { ...forwarding, ...options });
}

const forwarding: GatewayOptions = {
  origin: "https://origin.example.com",
  routes: [{ path: "/*", to: "origin" }],
  logLevel: "none",
};

const exchange: GatewayOptions = { sessionExchange: true, secret: SECRET };
const named = {
  cookies: { session_token: { name: "sid" }, session_data: { name: "sid-cache" } },
};
const names = { sessionCookieName: "sid", cookieCacheName: "sid-cache" };

for (const [how, authOptions, options] of [
  ["with its defaults", {}, exchange],
  ["with a prefix", { advanced: { cookiePrefix: "mine" } }, { ...exchange, cookiePrefix: "mine" }],
  ["without https", { advanced: { useSecureCookies: false } }, exchange],
  ["with custom names", { advanced: named }, { ...exchange, ...names }],
  [
    "with custom names and without https",
    { advanced: { ...named, useSecureCookies: false } },
    { ...exchange, ...names },
  ],
  [
    "with a name that contains the prefix __Secure- already",
    { advanced: { cookies: { session_token: { name: "__Secure-sid" } } } },
    { ...exchange, sessionCookieName: "__Secure-sid" },
  ],
  [
    "with the first of several secrets",
    {
      secrets: [
        { version: 2, value: SECRET },
        { version: 1, value: `old ${SECRET}` },
      ],
    },
    exchange,
  ],
  ["with a short secret", { secret: "short" }, { ...exchange, secret: "short" }],
] as const) {
  test(`the edge exchanges session cookies ${how}, and rejects changed ones itself`, async () => {
    const { fetch, cookies, tokens } = await signUp(authOptions);
    const good = await decide(fetch, options, cookies.join("; "));
    assert.ok(good.ok, cookies.join("; "));
    assert.equal(good.user?.email, "ada@example.com");
    assert.equal(good.headers.get("cookie"), null, "the edge forwards none of them");
    assert.equal(tokens(), 1);
    // the first letter of each value
    const changed = cookies.map((cookie) =>
      cookie.replace(/=(.)/, (_, c) => `=${c === "a" ? "b" : "a"}`),
    );
    const bad = await decide(fetch, options, changed.join("; "));
    assert.equal(!bad.ok && bad.code, "missing_token");
    const other = await decide(fetch, { ...options, secret: `not ${SECRET}` }, cookies.join("; "));
    assert.equal(!other.ok && other.code, "missing_token");
    assert.equal(tokens(), 1);
  });
}

const cached = { session: { cookieCache: { enabled: true, strategy: "jwt" } } };

for (const [how, authOptions, jwtOptions, options] of [
  ["by its keys", cached, { sessionCookieCache: true }, { cookieCache: "jwks" }],
  ["by its secret", cached, {}, { cookieCache: "secret", secret: SECRET }],
  [
    "by its secret, with a custom name",
    { ...cached, advanced: named },
    {},
    { cookieCache: "secret", secret: SECRET, ...names },
  ],
  [
    "in parts",
    {
      ...cached,
      user: { additionalFields: { bio: { type: "string", defaultValue: "b".repeat(9_000) } } },
    },
    { sessionCookieCache: true },
    { cookieCache: "jwks" },
  ],
] as const) {
  test(`a cookie cache that Better Auth signs ${how} contains the user's record and no session`, async () => {
    const { fetch, cookies, tokens } = await signUp(authOptions, jwtOptions);
    const decision = await decide(fetch, options, cookies.join("; "));
    assert.ok(decision.ok, cookies.join("; "));
    assert.equal(tokens(), 0);
    const { payload, user } = decision;
    assert.deepEqual([user?.email, user?.name], ["ada@example.com", "Ada"]);
    assert.equal(payload?.sub, payload?.id);
    const session = cookies.find((cookie) => /^__Secure-(sid|.*session_token)=/.test(cookie));
    const token = session?.split("=")[1]?.split(".")[0] as string;
    assert.ok(token.length > 20);
    assert.ok(!JSON.stringify(decision).includes(token));
    for (const name of ["session", "user"]) assert.equal(payload?.[name], undefined, name);
    assert.equal(typeof payload?.sid, "string");
    assert.notEqual(payload?.sid, token, "the session's id, and never its token");
    assert.equal(decision.headers.get("cookie"), null);
  });
}

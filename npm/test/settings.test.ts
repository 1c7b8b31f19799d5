/** Options as people write them: URLs, names, types, and Better Auth at the root. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { createVerifier, type GatewayOptions, type VerifierOptions } from "better-auth-edge";
import { createApiClient } from "better-auth-edge/client";
import { createMiddleware, getUser } from "better-auth-edge/next";
import type { NextFetchEvent } from "next/server.js";
import { newSigner, token } from "./tokens.ts";

const AUTH = "https://auth.example";
const signer = newSigner("ES256");
const now = Math.floor(Date.now() / 1000);
const claims = { iss: AUTH, aud: AUTH, sub: "user-1", iat: now, exp: now + 600 };
const authorization = `Bearer ${token(signer, claims)}`;
const good = { baseURL: AUTH, jwks: { keys: [signer.jwk] } };
const request = new Request("https://app.example/a", { headers: { authorization } });

/** Every fault of a verifier's options. */
async function faults(options: Record<string, unknown>): Promise<string[]> {
  return faultsOf(() => createVerifier(options as VerifierOptions));
}

/** Every fault of a gateway's options, beside those of a good verifier. */
async function gatewayFaults(options: Record<string, unknown>): Promise<string[]> {
  const verifier = await createVerifier(good);
  const quiet = { logLevel: "none", ...options } as GatewayOptions;
  return faultsOf(() => verifier.verifyRequest(request, quiet));
}

async function faultsOf(make: () => Promise<unknown>): Promise<string[]> {
  try {
    await make();
    return [];
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    assert.equal(code, "misconfigured");
    return message.replace(/^misconfigured: /, "").split("; ");
  }
}

const named = (found: string[]) => found.map((fault) => fault.split(" ")[0]);

test("base URLs are read as the core reads them natively", async () => {
  const file = new URL("../../tests/vectors/base_urls.json", import.meta.url);
  const vectors = JSON.parse(readFileSync(file, "utf8"));
  for (const { url, origin, path } of vectors.read) {
    const asked: string[] = [];
    const fetch = async (url: string | URL | Request) => {
      asked.push(String(url instanceof Request ? url.url : url));
      return Response.json({ keys: [signer.jwk] });
    };
    const verifier = await createVerifier({ baseURL: url, fetch } as VerifierOptions);
    const good = token(signer, { ...claims, iss: origin, aud: origin });
    const { user } = await verifier.verify(good);
    assert.equal(user.id, "user-1", url);
    assert.deepEqual(asked, [`${origin}${path || "/api/auth"}/jwks`]);
  }
  for (const url of vectors.refused) {
    const found = await faults({ baseURL: url });
    assert.deepEqual(named(found), ["baseURL"], JSON.stringify(url));
  }
});

test("faults of names, types and values come at once, and none causes another", async () => {
  const wrong = { ...good, baseUrl: AUTH, issuer: 7, clockTolerance: -1, profil: "session" };
  assert.deepEqual(await faults(wrong), [
    "baseUrl is not an option (did you mean baseURL?)",
    "profil is not an option (did you mean profile?)",
    "issuer is neither a string nor an array of strings",
    "clockTolerance is not a whole number of seconds from 0 to 300",
  ]);
  assert.deepEqual(named(await faults({ baseUrl: AUTH })), ["baseUrl"]);
  const jwksURL = { jwksURL: `${AUTH}/jwks`, issuer: AUTH, audience: AUTH };
  assert.deepEqual(named(await faults(jwksURL)), ["jwksURL"]);
  assert.deepEqual(named(await faults({ baseURL: 7 })), ["baseURL"]);
  assert.deepEqual(named(await faults({ profile: 7 })), ["profile", "baseURL"]);
  const secret = { baseURL: AUTH, secret: 7, algorithms: ["HS256"] };
  assert.deepEqual(named(await faults(secret)), ["secret"]);

  const found = await gatewayFaults({
    route: [],
    publicPaths: 3100,
    origin: 7,
    sessionMaxAge: [],
    bindRequest: "yes",
    routes: [{ path: "/x", to: "origin", claim: {} }],
  });
  assert.deepEqual(found, [
    "route is not an option (did you mean routes?)",
    "publicPaths is neither a string nor an array of strings",
    "origin is not a string",
    "sessionMaxAge is not a number",
    'routes [0]: "claim" is not something a rule can say (did you mean claims?)',
    "bindRequest is neither true nor false",
  ]);
});

test("an option that is misspelt is a fault that names the right one", async () => {
  for (const [written, option] of [
    ["route", "routes"],
    ["Routes", "routes"],
    ["trustedOrigin", "trustedOrigins"],
    ["public_paths", "publicPaths"],
    ["sessionExchanges", "sessionExchange"],
    ["forwardHeader", "forwardHeaders"],
    ["edgeIsuer", "edgeIssuer"],
    ["basepath", "basePath"],
  ] as const) {
    const found = await gatewayFaults({ [written]: [] });
    assert.deepEqual(found, [`${written} is not an option (did you mean ${option}?)`]);
  }
  assert.deepEqual(await gatewayFaults({ colour: "red" }), ["colour is not an option"]);
});

test("an empty list is like none where that means something", async () => {
  for (const option of ["routes", "publicPaths", "trustedOrigins", "claims", "forwardHeaders"]) {
    assert.deepEqual(await gatewayFaults({ [option]: [] }), [], option);
  }
  for (const option of ["issuer", "audience", "algorithms", "userClaim"]) {
    assert.deepEqual(named(await gatewayFaults({ [option]: [] })), [option]);
    assert.deepEqual(named(await faults({ ...good, [option]: [] })), [option]);
  }
});

test("faults and details call options as they are called here", async () => {
  assert.deepEqual(await gatewayFaults({ edgeIssuer: "https://edge.example/" }), [
    "edgeIssuer must be an origin, without a path: write https://edge.example",
  ]);
  const [unknown] = await gatewayFaults({ routes: [{ path: "/{a}", match: { a: "org" } }] });
  assert.match(unknown ?? "", /^routes \[0\]: .*name it in claims or requiredClaims$/);
  const [hidden] = await gatewayFaults({
    publicPaths: ["/*"],
    routes: [{ path: "/a/{x}", match: { x: "sub" } }],
  });
  assert.match(hidden ?? "", /^publicPaths /);

  const verifier = await createVerifier(good);
  const headers = { cookie: "better-auth.session_token=a.b", origin: "https://other.example" };
  const post = new Request("https://app.example/a", { method: "POST", headers });
  const decision = await verifier.verifyRequest(post, { sessionExchange: true, logLevel: "none" });
  assert.ok(!decision.ok);
  assert.equal(decision.code, "cross_site_request");
  const { detail } = await decision.response.json();
  assert.match(detail, /trustedOrigins/);
  assert.doesNotMatch(detail, /[A-Z]+_[A-Z]+/);
});

test("the client and getUser take no option that is none", async () => {
  const authClient = {} as Parameters<typeof createApiClient>[0]["authClient"];
  const client = { authClient, baseURL: "https://api.example", baseUrl: "https://b.example" };
  assert.throws(() => createApiClient(client), {
    name: "TypeError",
    message: "baseUrl is not an option; the options are authClient, baseURL, fetch",
  });
  await assert.rejects(getUser(new Headers(), { signinKey: "x" } as object), {
    code: "misconfigured",
    message: "signinKey is not an option; the options are signingKey, nextSigningKey",
  });
});

test("the middleware's own options are suggested too", async () => {
  for (const [written, option] of [
    ["signinPath", "signInPath"],
    ["returnParam", "returnParameter"],
    ["publicPath", "publicPaths"],
  ] as const) {
    const middleware = createMiddleware({ ...good, logLevel: "none", [written]: "/x" });
    const { NextRequest } = await import("next/server.js");
    const event = { waitUntil() {} } as unknown as NextFetchEvent;
    await assert.rejects(middleware(new NextRequest("https://app.example/a"), event), {
      code: "misconfigured",
      message: new RegExp(`^${written} is not an option \\(did you mean ${option}\\?\\)$`),
    });
  }
});

test("Better Auth's own paths are public in Next, at the root too", async () => {
  const { NextRequest } = await import("next/server.js");
  const event = { waitUntil() {} } as unknown as NextFetchEvent;
  const status = async (basePath: string | undefined, path: string) => {
    const middleware = createMiddleware({
      ...good,
      basePath,
      signInPath: "/login",
      logLevel: "none",
    });
    const headers = { accept: "application/json" };
    return (await middleware(new NextRequest(`https://app.example${path}`, { headers }), event))
      .status;
  };
  for (const [basePath, path] of [
    [undefined, "/api/auth/sign-in/email"],
    ["/auth", "/auth/get-session"],
    ["/", "/sign-in/email"],
    ["/", "/get-session"],
    ["/", "/callback/github"],
    ["/", "/login"],
  ] as const) {
    assert.equal(await status(basePath, path), 200, `${basePath} ${path}`);
  }
  for (const [basePath, path] of [
    ["/auth", "/api/auth/sign-in/email"],
    ["/", "/api/auth/sign-in/email"],
    ["/", "/admin/list-users"],
    ["/", "/tasks"],
  ] as const) {
    assert.notEqual(await status(basePath, path), 200, `${basePath} ${path}`);
  }
});

test("a Better Auth at the root is asked there, for keys and for tokens of sessions", async () => {
  await using auth = await betterAuthAtTheRoot();
  const signUp = await fetch(`${auth.url}/sign-up/email`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: auth.url },
    body: JSON.stringify({ email: "ada@example.com", password: "analytical engine", name: "Ada" }),
  });
  assert.equal(signUp.status, 200);
  const cookie = signUp.headers
    .getSetCookie()
    .map((text) => text.split(";")[0])
    .join("; ");
  const got = await fetch(`${auth.url}/token`, { headers: { cookie } });
  const { token: jwt } = (await got.json()) as { token: string };

  const verifier = await createVerifier({ baseURL: auth.url, basePath: "/" });
  const { user } = await verifier.verify(jwt);
  assert.equal(user.email, "ada@example.com");
  const page = new Request("https://app.example/a", { headers: { cookie } });
  const decision = await verifier.verifyRequest(page, { sessionExchange: true });
  assert.ok(decision.ok);
  assert.equal(decision.user?.id, user.id);

  const elsewhere = await createVerifier({ baseURL: auth.url });
  await assert.rejects(elsewhere.verify(jwt), { code: "keys_unavailable" });
});

async function betterAuthAtTheRoot() {
  const { resolve } = createRequire(
    new URL("../../examples/fullstack/auth/package.json", import.meta.url),
  );
  const { betterAuth } = await import(resolve("better-auth"));
  const { memoryAdapter } = await import(resolve("better-auth/adapters/memory"));
  const { jwt } = await import(resolve("better-auth/plugins"));
  const { toNodeHandler } = await import(resolve("better-auth/node"));
  const server = createServer((request, response) => handler(request, response));
  await new Promise<void>((listens) => server.listen(0, "127.0.0.1", listens));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const auth = betterAuth({
    baseURL: url,
    basePath: "/",
    secret: "a secret for tests, long enough to pass",
    database: memoryAdapter({ user: [], session: [], account: [], verification: [], jwks: [] }),
    emailAndPassword: { enabled: true },
    plugins: [jwt()],
    telemetry: { enabled: false },
  });
  const handler = toNodeHandler(auth);
  const stop = () => new Promise<void>((stopped) => server.close(() => stopped()));
  return {
    url,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await stop();
    },
  };
}

test("a condition that is undefined or not plain is a fault and not none", async () => {
  class Claims {
    role = "admin";
  }
  const circle: Record<string, unknown> = {};
  circle.role = circle;
  const lost = [
    { role: undefined },
    { role: "admin", org: undefined },
    { role: ["admin", undefined] },
    { role: () => "admin" },
    { role: Symbol("admin") },
    { role: 1n },
    { role: Number.NaN },
    { role: Number.POSITIVE_INFINITY },
    { role: new Set(["admin"]) },
    { role: new Date() },
    { role: { toJSON: () => "admin" } },
    new Map([["role", "admin"]]),
    new Set(["role"]),
    new Claims(),
    circle,
    Object.create({ role: "admin" }),
  ];
  for (const claims of lost) {
    const routes = [{ path: "/api/{u}/*", claims }];
    const jwks = { keys: [signer.jwk], more: claims };
    const issuers = [{ base_url: "https://b.example", required_claims: claims }];
    for (const options of [{ routes }, { requiredClaims: claims }, { issuers }, { jwks }]) {
      assert.deepEqual(named(await gatewayFaults(options)), Object.keys(options));
    }
    assert.deepEqual(named(await gatewayFaults({ claimHeaders: claims })), ["claimHeaders"]);
    assert.deepEqual(named(await faults({ ...good, requiredClaims: claims })), ["requiredClaims"]);
    assert.deepEqual(named(await faults({ ...good, jwks })), ["jwks"]);
  }
  const path = "/api/{u}/*";
  const matches = [{}, null, { u: undefined }, { u: "sub", v: undefined }, new Map([["u", "sub"]])];
  for (const match of matches) {
    assert.deepEqual(named(await gatewayFaults({ routes: [{ path, match }] })), ["routes"]);
  }
  for (const rule of [{ claims: {} }, { claims: null }, { scopes: [] }, { scopes: [undefined] }]) {
    assert.deepEqual(named(await gatewayFaults({ routes: [{ path, ...rule }] })), ["routes"]);
  }
  const rules = [undefined, () => ({ path }), new Map([["path", path]]), [{ path }]];
  for (const rule of rules) {
    assert.deepEqual(named(await gatewayFaults({ routes: [rule] })), ["routes"]);
  }
  assert.deepEqual(named(await gatewayFaults({ routes: new Set([{ path }]) })), ["routes"]);
});

test("an optional member that is undefined is absent, and plain objects may be of any realm", async () => {
  const optional = { match: undefined, claims: undefined, scopes: undefined, methods: undefined };
  const rule = { path: "/a", ...optional };
  assert.deepEqual(await gatewayFaults({ routes: [rule] }), []);
  const issuer = { base_url: "https://b.example", audience: undefined };
  assert.deepEqual(await gatewayFaults({ issuers: [issuer] }), []);
  const bare = Object.assign(Object.create(null), { sub: "user-1" });
  const foreign = runInNewContext(`({ sub: ["user-1"] })`);
  for (const requiredClaims of [[], {}, bare, foreign, undefined]) {
    assert.deepEqual(await faults({ ...good, requiredClaims }), []);
    assert.deepEqual(await gatewayFaults({ requiredClaims }), []);
  }
});

test("options that are wrong are not taken for right ones that came before", async () => {
  const verifier = await createVerifier(good);
  const path = "/api/{u}/*";
  const outcome = (options: unknown) =>
    faultsOf(() => verifier.verifyRequest(request, { logLevel: "none", ...(options as object) }));
  for (const [right, wrong] of [
    [
      { routes: [{ path, match: { u: "sub" } }] },
      { routes: [{ path, match: { u: "sub", v: undefined } }] },
    ],
    [{ requiredClaims: {} }, { requiredClaims: { email_verified: undefined } }],
    [{ requiredClaims: [] }, { requiredClaims: new Array(1) }],
  ]) {
    assert.deepEqual(await outcome(right), []);
    assert.equal((await outcome(wrong)).length, 1);
    assert.deepEqual(await outcome(right), []);
  }
});

test("an option of one request that is undefined takes nothing from the verifier's", async () => {
  const strict = await createVerifier({ ...good, requiredClaims: ["email_verified"] });
  const options = { logLevel: "none", requiredClaims: undefined, audience: undefined } as const;
  const decision = await strict.verifyRequest(request, options);
  assert.equal(!decision.ok && decision.code, "missing_claim");
});

test("what was not found is told by the option that named its URL", async () => {
  const fetch = async () => new Response(null, { status: 404 });
  const keyUrl = { jwksUrl: `${AUTH}/keys`, issuer: AUTH, audience: AUTH };
  for (const [options, option] of [
    [{ baseURL: AUTH }, "basePath"],
    [{ baseURL: `${AUTH}/auth` }, "baseURL"],
    [keyUrl, "jwksUrl"],
  ] as const) {
    const verifier = await createVerifier({ ...options, fetch } as VerifierOptions);
    const error = await verifier.verify(token(signer, claims)).catch((error: Error) => error);
    assert.ok(error instanceof Error);
    for (const text of [error.message, (error.cause as Error).message]) {
      assert.match(text, new RegExp(`\\(${option}\\)`));
      assert.doesNotMatch(text, /[A-Z]+_[A-Z]+/);
    }
  }
});

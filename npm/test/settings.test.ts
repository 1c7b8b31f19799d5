/** How options are read: URLs, names, types, and a Better Auth server without a base path. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { createVerifier, type GatewayOptions, type VerifierOptions } from "better-auth-edge";
import { createApiClient } from "better-auth-edge/client";
import { createMiddleware, getUser } from "better-auth-edge/next";
import type { NextFetchEvent } from "next/server.js";
import { importBetterAuth, SECRET } from "./better-auth.ts";
import { AUTH, authorization, claims, signer, verifierOptions } from "./fixtures.ts";
import { token } from "./tokens.ts";

const request = new Request("https://app.example/a", { headers: { authorization } });

/** All errors in a verifier's options. */
async function verifierErrors(options: Record<string, unknown>): Promise<string[]> {
  return errorsOf(() => createVerifier(options as VerifierOptions));
}

/** All errors in a gateway's options. */
async function gatewayErrors(options: Record<string, unknown>): Promise<string[]> {
  const verifier = await createVerifier(verifierOptions);
  const quiet = { logLevel: "none", ...options } as GatewayOptions;
  return errorsOf(() => verifier.verifyRequest(request, quiet));
}

/** The messages of the `misconfigured` error that the call rejects with. */
async function errorsOf(make: () => Promise<unknown>): Promise<string[]> {
  try {
    await make();
    return [];
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    assert.equal(code, "misconfigured");
    return message.replace(/^misconfigured: /, "").split("; ");
  }
}

/** The options that the errors name. */
const named = (errors: string[]) => errors.map((error) => error.split(" ")[0]);

test("base URLs are read as the native core reads them", async () => {
  const file = new URL("../../tests/vectors/base_urls.json", import.meta.url);
  const vectors = JSON.parse(readFileSync(file, "utf8"));
  for (const { url, origin, path } of vectors.read) {
    const fetched: string[] = [];
    const fetch = async (url: string | URL | Request) => {
      fetched.push(String(url instanceof Request ? url.url : url));
      return Response.json({ keys: [signer.jwk] });
    };
    const verifier = await createVerifier({ baseURL: url, fetch } as VerifierOptions);
    const { user } = await verifier.verify(token(signer, { ...claims, iss: origin, aud: origin }));
    assert.equal(user.id, "user-1", url);
    assert.deepEqual(fetched, [`${origin}${path || "/api/auth"}/jwks`]);
  }
  for (const url of vectors.refused) {
    const errors = await verifierErrors({ baseURL: url });
    assert.deepEqual(named(errors), ["baseURL"], JSON.stringify(url));
  }
});

test("one exception names all wrong options, and an error never causes another", async () => {
  const wrong = {
    ...verifierOptions,
    baseUrl: AUTH,
    issuer: 7,
    clockTolerance: -1,
    profil: "session",
  };
  assert.deepEqual(await verifierErrors(wrong), [
    "baseUrl is not an option (did you mean baseURL?)",
    "profil is not an option (did you mean profile?)",
    "issuer is neither a string nor an array of strings",
    "clockTolerance is not a whole number of seconds from 0 to 300",
  ]);
  assert.deepEqual(named(await verifierErrors({ baseUrl: AUTH })), ["baseUrl"]);
  const none = await errorsOf(() => createVerifier(undefined as unknown as VerifierOptions));
  assert.deepEqual(none, ["the options are not an object: pass one with baseURL"]);
  const jwksURL = { jwksURL: `${AUTH}/jwks`, issuer: AUTH, audience: AUTH };
  assert.deepEqual(named(await verifierErrors(jwksURL)), ["jwksURL"]);
  assert.deepEqual(named(await verifierErrors({ baseURL: 7 })), ["baseURL"]);
  assert.deepEqual(named(await verifierErrors({ profile: 7 })), ["profile", "baseURL"]);
  const secret = { baseURL: AUTH, secret: 7, algorithms: ["HS256"] };
  assert.deepEqual(named(await verifierErrors(secret)), ["secret"]);

  const errors = await gatewayErrors({
    route: [],
    publicPaths: 3100,
    origin: 7,
    sessionMaxAge: [],
    bindRequest: "yes",
    routes: [{ path: "/x", to: "origin", claim: {} }],
  });
  assert.deepEqual(errors, [
    "route is not an option (did you mean routes?)",
    "publicPaths is neither a string nor an array of strings",
    "origin is not a string",
    "sessionMaxAge is not a number",
    'routes [0]: "claim" is not a member of a rule (did you mean claims?)',
    "bindRequest is neither true nor false",
  ]);
});

test("errors of names precede errors of values", async () => {
  const errors = await gatewayErrors({ audience: [""], sessionMaxAge: true, route: [] });
  assert.deepEqual(named(errors), ["route", "audience", "sessionMaxAge"]);
});

test("the error for a misspelled option suggests the right name", async () => {
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
    assert.deepEqual(await gatewayErrors({ [written]: [] }), [
      `${written} is not an option (did you mean ${option}?)`,
    ]);
  }
  assert.deepEqual(await gatewayErrors({ color: "red" }), ["color is not an option"]);
});

test("an empty list is allowed only for an option that may be absent", async () => {
  for (const option of ["routes", "publicPaths", "trustedOrigins", "claims", "forwardHeaders"]) {
    assert.deepEqual(await gatewayErrors({ [option]: [] }), [], option);
  }
  for (const option of ["issuer", "audience", "algorithms", "userClaim"]) {
    assert.deepEqual(named(await gatewayErrors({ [option]: [] })), [option]);
    assert.deepEqual(named(await verifierErrors({ ...verifierOptions, [option]: [] })), [option]);
  }
});

test("a number that is not finite is an error", async () => {
  for (const option of ["cookieCacheVersion", "sessionMaxAge", "clockTolerance", "tokenCache"]) {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const errors = await gatewayErrors({ [option]: value });
      assert.deepEqual(named(errors), [option], `${option}: ${value}`);
    }
  }
});

test("errors and problem details use the names of JavaScript options", async () => {
  assert.deepEqual(await gatewayErrors({ edgeIssuer: "https://edge.example/" }), [
    "edgeIssuer must be an origin, without a path: write https://edge.example",
  ]);
  const [unknown] = await gatewayErrors({ routes: [{ path: "/{a}", match: { a: "org" } }] });
  assert.match(unknown ?? "", /^routes \[0\]: .*name it in claims or requiredClaims$/);
  const [hidden] = await gatewayErrors({
    publicPaths: ["/*"],
    routes: [{ path: "/a/{x}", match: { x: "sub" } }],
  });
  assert.match(hidden ?? "", /^publicPaths /);

  const verifier = await createVerifier(verifierOptions);
  const headers = { cookie: "better-auth.session_token=a.b", origin: "https://other.example" };
  const post = new Request("https://app.example/a", { method: "POST", headers });
  const decision = await verifier.verifyRequest(post, { sessionExchange: true, logLevel: "none" });
  assert.ok(!decision.ok);
  assert.equal(decision.code, "cross_site_request");
  const { detail } = await decision.response.json();
  assert.match(detail, /trustedOrigins/);
  assert.doesNotMatch(detail, /[A-Z]+_[A-Z]+/);
});

test("createApiClient and getUser reject unknown options", async () => {
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

test("the error for a misspelled option suggests the middleware's own options too", async () => {
  for (const [written, option] of [
    ["signinPath", "signInPath"],
    ["returnParam", "returnParameter"],
    ["publicPath", "publicPaths"],
  ] as const) {
    const middleware = createMiddleware({ ...verifierOptions, logLevel: "none", [written]: "/x" });
    const { NextRequest } = await import("next/server.js");
    const event = { waitUntil() {} } as unknown as NextFetchEvent;
    await assert.rejects(middleware(new NextRequest("https://app.example/a"), event), {
      code: "misconfigured",
      message: new RegExp(`^${written} is not an option \\(did you mean ${option}\\?\\)$`),
    });
  }
});

test("Better Auth's own paths are public in Next.js, without a base path too", async () => {
  const { NextRequest } = await import("next/server.js");
  const event = { waitUntil() {} } as unknown as NextFetchEvent;
  const status = async (basePath: string | undefined, path: string) => {
    const middleware = createMiddleware({
      ...verifierOptions,
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

test("keys and tokens come from an auth server without a base path", async () => {
  await using auth = await startAuthServerAtRoot();
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
  const response = await fetch(`${auth.url}/token`, { headers: { cookie } });
  const { token: jwt } = (await response.json()) as { token: string };

  const verifier = await createVerifier({ baseURL: auth.url, basePath: "/" });
  const { user } = await verifier.verify(jwt);
  assert.equal(user.email, "ada@example.com");
  const withCookie = new Request("https://app.example/a", { headers: { cookie } });
  const decision = await verifier.verifyRequest(withCookie, { sessionExchange: true });
  assert.ok(decision.ok);
  assert.equal(decision.user?.id, user.id);

  const withBasePath = await createVerifier({ baseURL: auth.url });
  await assert.rejects(withBasePath.verify(jwt), { code: "keys_unavailable" });
});

async function startAuthServerAtRoot() {
  const { betterAuth } = await importBetterAuth("better-auth");
  const { memoryAdapter } = await importBetterAuth("better-auth/adapters/memory");
  const { jwt } = await importBetterAuth("better-auth/plugins");
  const { toNodeHandler } = await importBetterAuth("better-auth/node");
  const server = createServer((request, response) => handler(request, response));
  await new Promise<void>((listens) => server.listen(0, "127.0.0.1", listens));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const auth = betterAuth({
    baseURL: url,
    basePath: "/",
    secret: SECRET,
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

test("a condition that is undefined or not plain data is an error", async () => {
  class Claims {
    role = "admin";
  }
  const circle: Record<string, unknown> = {};
  circle.role = circle;
  const invalid = [
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
  for (const claims of invalid) {
    const routes = [{ path: "/api/{u}/*", claims }];
    const jwks = { keys: [signer.jwk], more: claims };
    const issuers = [{ base_url: "https://b.example", required_claims: claims }];
    for (const options of [{ routes }, { requiredClaims: claims }, { issuers }, { jwks }]) {
      assert.deepEqual(named(await gatewayErrors(options)), Object.keys(options));
    }
    assert.deepEqual(named(await gatewayErrors({ claimHeaders: claims })), ["claimHeaders"]);
    assert.deepEqual(named(await verifierErrors({ ...verifierOptions, requiredClaims: claims })), [
      "requiredClaims",
    ]);
    assert.deepEqual(named(await verifierErrors({ ...verifierOptions, jwks })), ["jwks"]);
  }
  const path = "/api/{u}/*";
  const matches = [{}, null, { u: undefined }, { u: "sub", v: undefined }, new Map([["u", "sub"]])];
  for (const match of matches) {
    assert.deepEqual(named(await gatewayErrors({ routes: [{ path, match }] })), ["routes"]);
  }
  for (const rule of [{ claims: {} }, { claims: null }, { scopes: [] }, { scopes: [undefined] }]) {
    assert.deepEqual(named(await gatewayErrors({ routes: [{ path, ...rule }] })), ["routes"]);
  }
  const rules = [undefined, () => ({ path }), new Map([["path", path]]), [{ path }]];
  for (const rule of rules) {
    assert.deepEqual(named(await gatewayErrors({ routes: [rule] })), ["routes"]);
  }
  assert.deepEqual(named(await gatewayErrors({ routes: new Set([{ path }]) })), ["routes"]);
});

test("an optional member that is undefined is absent, and plain objects may come from any realm", async () => {
  const optional = { match: undefined, claims: undefined, scopes: undefined, methods: undefined };
  const rule = { path: "/a", ...optional };
  assert.deepEqual(await gatewayErrors({ routes: [rule] }), []);
  const issuer = { base_url: "https://b.example", audience: undefined };
  assert.deepEqual(await gatewayErrors({ issuers: [issuer] }), []);
  const bare = Object.assign(Object.create(null), { sub: "user-1" });
  const foreign = runInNewContext(`({ sub: ["user-1"] })`);
  for (const requiredClaims of [[], {}, bare, foreign, undefined]) {
    assert.deepEqual(await verifierErrors({ ...verifierOptions, requiredClaims }), []);
    assert.deepEqual(await gatewayErrors({ requiredClaims }), []);
  }
});

test("wrong options are never mistaken for valid options that were used before", async () => {
  const verifier = await createVerifier(verifierOptions);
  const path = "/api/{u}/*";
  const outcome = (options: unknown) =>
    errorsOf(() => verifier.verifyRequest(request, { logLevel: "none", ...(options as object) }));
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

test("an undefined option of verifyRequest keeps the verifier's option", async () => {
  const strict = await createVerifier({ ...verifierOptions, requiredClaims: ["email_verified"] });
  const options = { logLevel: "none", requiredClaims: undefined, audience: undefined } as const;
  const decision = await strict.verifyRequest(request, options);
  assert.equal(!decision.ok && decision.code, "missing_claim");
});

test("the error for a key set that was not found names the option that set its URL", async () => {
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

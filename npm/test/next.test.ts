/** The middleware and `getUser` alone. The example's tests run both in real builds of Next.js. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EdgeAuthError } from "better-auth-edge";
import {
  createMiddleware,
  getUser,
  type MiddlewareOptions,
  returnPath,
} from "better-auth-edge/next";
import { type NextFetchEvent, NextRequest } from "next/server.js";
import { newSigner, token } from "./tokens.ts";

const AUTH = "https://auth.example";
const signer = newSigner("EdDSA");
const { d, x } = newSigner("EdDSA").privateKey.export({ format: "jwk" });
const signingKey = { kty: "OKP", crv: "Ed25519", d, x };

const now = Math.floor(Date.now() / 1000);
const claims = {
  iss: AUTH,
  aud: AUTH,
  sub: "user-1",
  uuid: "u-1",
  email: "a@b.c",
  iat: now,
  exp: now + 600,
};
const bearer = `Bearer ${token(signer, claims)}`;

const OPTIONS: MiddlewareOptions = {
  baseURL: AUTH,
  jwks: { keys: [signer.jwk] },
  userClaim: "uuid",
  signingKey,
  logLevel: "none",
};

/** The part of `next.config.ts` that a middleware sees. */
type NextConfig = NonNullable<ConstructorParameters<typeof NextRequest>[1]>["nextConfig"];

/** The middleware's response to a request. */
async function sent(
  path: string,
  headers = {},
  more: Partial<MiddlewareOptions> = {},
  nextConfig: NextConfig = undefined,
) {
  const middleware = createMiddleware({ ...OPTIONS, ...more });
  const request = new NextRequest(`https://app.example${path}`, {
    headers,
    ...(nextConfig ? { nextConfig } : undefined),
  });
  return middleware(request, { waitUntil() {} } as unknown as NextFetchEvent);
}

/** The request's headers as the application receives them. */
function forwardedHeaders(response: Response): Headers {
  const prefix = "x-middleware-request-";
  const overridden = [...response.headers].filter(([name]) => name.startsWith(prefix));
  return new Headers(overridden.map(([name, value]) => [name.slice(prefix.length), value]));
}

describe("createMiddleware", () => {
  test("names all wrong options at once", async () => {
    const wrong = { routs: [], userClaim: "", origin: "x", routes: [{ path: "a" }] };
    await assert.rejects(sent("/", {}, wrong as object), (error: unknown) => {
      assert.ok(error instanceof EdgeAuthError);
      assert.equal(error.code, "misconfigured");
      for (const name of ["routs", "userClaim", "origin", "routes"]) {
        assert.match(error.message, new RegExp(`(^|; )${name} `));
      }
      return true;
    });
  });

  test("names its own wrong options with all others, and logs them once when a server starts", async (context) => {
    for (const [wrong, names] of [
      [{ signInPath: "sign-in" }, ["signInPath"]],
      [{ signInPath: "https://auth.example/sign-in" }, ["signInPath"]],
      [{ signInPath: "//evil.example" }, ["signInPath"]],
      [{ signInPath: "/sign-in?a=b", isPage: true }, ["signInPath", "isPage"]],
      [{ returnParameter: "", userClaim: "" }, ["returnParameter", "userClaim"]],
      [{ signInPath: "", routs: [] }, ["signInPath", "routs"]],
    ] as [object, string[]][]) {
      await assert.rejects(sent("/", {}, wrong), (error: unknown) => {
        assert.ok(error instanceof EdgeAuthError);
        assert.equal(error.code, "misconfigured");
        assert.deepEqual(
          error.message.split("; ").map((part) => part.split(" ")[0]),
          names,
        );
        return true;
      });
    }
    const log = context.mock.method(console, "error", () => {});
    process.env.NEXT_RUNTIME = "nodejs";
    try {
      createMiddleware({ ...OPTIONS, routs: [] } as MiddlewareOptions);
      createMiddleware(OPTIONS);
      await new Promise((resolve) => setTimeout(resolve, 200));
    } finally {
      delete process.env.NEXT_RUNTIME;
    }
    assert.equal(log.mock.callCount(), 1);
    assert.match(String(log.mock.calls[0]?.arguments[0]), /EdgeAuthError: routs is not an option/);
  });

  test("forwards a user's request to the application with a signed assertion", async () => {
    const response = await sent("/page", { authorization: bearer, "x-edge-user": "forged" });
    assert.equal(response.headers.get("x-middleware-next"), "1");
    assert.equal(forwardedHeaders(response).get("x-edge-user"), "u-1");
    assert.match(response.headers.get("cache-control") ?? "", /private/);
  });

  test("rewrites a request to the upstream if a rule says so", async () => {
    const more = {
      origin: "https://api.example/v1",
      routes: [{ path: "/api/{id}/*", match: { id: "uuid" }, to: "origin" as const }],
    };
    const response = await sent("/api/u-1/tasks?a=%2F", { authorization: bearer }, more);
    const to = response.headers.get("x-middleware-rewrite");
    assert.equal(to, "https://api.example/v1/api/u-1/tasks?a=%2F");
    const mismatch = await sent("/api/u-2/tasks", { authorization: bearer }, more);
    assert.equal((await mismatch.json()).code, "user_mismatch");
    const anonymous = await sent("/api/u-1/tasks", {}, more);
    assert.equal((await anonymous.json()).code, "missing_token");
  });

  test("redirects to the configured sign-in page, or never", async () => {
    const location = async (more: Partial<MiddlewareOptions>) =>
      (await sent("/a?b=c", {}, more)).headers.get("location");
    assert.equal(await location({}), "https://app.example/sign-in?next=%2Fa%3Fb%3Dc");
    assert.equal(
      await location({ signInPath: "/login", returnParameter: "to" }),
      "https://app.example/login?to=%2Fa%3Fb%3Dc",
    );
    assert.equal(await location({ signInPath: false }), null);
    assert.equal(await location({ isPage: () => false }), null);
    const signIn = await sent("/sign-in");
    assert.equal(signIn.headers.get("x-middleware-next"), "1");
  });
});

test("a prefetch or a script's request is rejected and not redirected", async () => {
  const chrome = "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0.0.0";
  const html = "text/html,application/xhtml+xml,*/*;q=0.8";
  for (const [headers, status] of [
    [{}, 307],
    [{ accept: "*/*" }, 307],
    [{ accept: "*/*", "sec-fetch-mode": "cors", "user-agent": "node" }, 307],
    [{ "user-agent": chrome, accept: html }, 307],
    [{ "user-agent": chrome }, 307],
    [{ "user-agent": chrome, accept: "*/*" }, 401],
    [{ "sec-fetch-dest": "document", accept: html }, 307],
    [{ "sec-fetch-dest": "iframe", accept: html }, 307],
    [{ "sec-fetch-dest": "empty", accept: html }, 401],
    [{ "sec-fetch-dest": "document", "sec-purpose": "prefetch;prerender", accept: html }, 401],
    [{ purpose: "prefetch" }, 401],
    [{ "x-moz": "prefetch" }, 401],
    [{ "next-url": "/" }, 401],
    [{ rsc: "1", "next-router-prefetch": "1" }, 401],
    [{ "x-middleware-prefetch": "1", "x-nextjs-data": "1" }, 401],
  ] as [Record<string, string>, number][]) {
    const response = await sent("/page", headers);
    assert.equal(response.status, status, JSON.stringify(headers));
    assert.match(response.headers.get("cache-control") ?? "", /no-store/);
    // the application's own isPage changes none of these
    const custom = await sent("/page", headers, { isPage: () => true });
    assert.equal(custom.status, status);
  }
});

describe("an application with a basePath, locales or trailing slashes", () => {
  const basePath = { basePath: "/app" };
  const i18n = { i18n: { locales: ["en", "de"], defaultLocale: "en" } };
  const isOpen = async (...request: Parameters<typeof sent>) =>
    (await sent(...request)).headers.get("x-middleware-next") === "1";

  test("has public paths for Better Auth", async () => {
    const inside = { baseURL: `${AUTH}/app/api/auth` };
    assert.ok(await isOpen("/app/api/auth/token", {}, inside, basePath));
    assert.ok(await isOpen("/app/api/auth/token/", {}, inside, basePath));
    assert.ok(await isOpen("/app/api/auth/token", {}, {}, basePath));
    assert.ok(await isOpen("/app/sign-in/", {}, inside, basePath));
    assert.ok(await isOpen("/de/sign-in", {}, {}, i18n));
    // other paths stay closed
    assert.equal((await sent("/app/api/tasks", {}, inside, basePath)).status, 401);
    assert.equal((await sent("/app/api/authors", {}, inside, basePath)).status, 401);
    const whole = { baseURL: `${AUTH}/app` };
    assert.equal((await sent("/app/api/tasks", {}, whole, basePath)).status, 401);
    assert.equal((await sent("/apple/api/auth", {}, { baseURL: `${AUTH}/apple` })).status, 200);
  });

  test("gets the path that the browser shows as return path", async () => {
    for (const [path, nextConfig, to, next] of [
      ["/app/a?b=c", basePath, "/app/sign-in", "/app/a?b=c"],
      ["/app", basePath, "/app/sign-in", "/app"],
      ["/a/", { trailingSlash: true }, "/sign-in/", "/a/"],
      ["/app/a/", { ...basePath, trailingSlash: true }, "/app/sign-in/", "/app/a/"],
      ["/de/a", i18n, "/de/sign-in", "/de/a"],
      ["/a", i18n, "/sign-in", "/a"],
      ["/app/de/a", { ...basePath, ...i18n }, "/app/de/sign-in", "/app/de/a"],
    ] as [string, NextConfig, string, string][]) {
      const { headers } = await sent(path, {}, {}, nextConfig);
      const location = new URL(headers.get("location") ?? assert.fail(path));
      assert.equal(location.pathname, to, path);
      assert.equal(location.searchParams.get("next"), next, path);
    }
  });

  test("has rules for paths without basePath and locale", async () => {
    const more = {
      origin: "https://api.example",
      routes: [{ path: "/api/{id}/*", match: { id: "uuid" }, to: "origin" as const }],
    };
    const headers = { authorization: bearer };
    const response = await sent("/app/api/u-1/tasks", headers, more, basePath);
    const to = response.headers.get("x-middleware-rewrite");
    assert.equal(to, "https://api.example/api/u-1/tasks");
    assert.equal((await sent("/app/api/u-2/tasks", headers, more, basePath)).status, 403);
    assert.equal((await sent("/de/api/u-2/tasks", headers, more, i18n)).status, 403);
  });
});

describe("public paths", () => {
  const isolating = (path: string) => ({ routes: [{ path, match: { x: "uuid" } }] });

  test("of Better Auth never disable a rule", async () => {
    const baseURL = `${AUTH}/api`;
    await assert.rejects(sent("/", {}, { baseURL, ...isolating("/api/{x}/photo") }), {
      code: "misconfigured",
      message: /\/api\/\* would be public where routes \[0\], \/api\/\{x\}\/photo/,
    });
    await assert.rejects(
      sent("/", {}, { baseURL, routes: [{ path: "/api/photo" }] }),
      /api\/photo/,
    );
    for (const path of ["/api/{x}/*", "/api/{x}/tasks/*"]) {
      const usual = await sent("/api/u-1/tasks", { authorization: bearer }, isolating(path));
      assert.equal(usual.headers.get("x-middleware-next"), "1");
      const other = await sent("/api/u-2/tasks", { authorization: bearer }, isolating(path));
      assert.equal(other.status, 403);
    }
  });

  test("of the sign-in page, Next's files and the application never disable a rule", async () => {
    for (const more of [
      { signInPath: "/account", routes: [{ path: "/account" }] },
      { routes: [{ path: "/_next/image" }] },
      { publicPaths: ["/api/*"], ...isolating("/{x}/photo") },
      { publicPaths: ["/*"] },
    ]) {
      await assert.rejects(
        sent("/", {}, more),
        /(publicPaths|routes) .*(would be public|opens every path)/,
        JSON.stringify(more),
      );
    }
    const catchAll = await sent("/sign-in", {}, { routes: [{ path: "/*" }] });
    assert.equal(catchAll.headers.get("x-middleware-next"), "1");
  });
});

test("a request for the root page's data requires that /index is public too", async () => {
  const routes = [{ path: "/", auth: "public" as const }];
  const data = { "x-nextjs-data": "1" };
  assert.equal((await sent("/", data, { routes })).status, 404);
  const signedIn = await sent("/", { ...data, authorization: bearer }, { routes });
  assert.equal(signedIn.headers.get("x-middleware-next"), "1");
  const both = [...routes, { path: "/index", auth: "public" as const }];
  const open = await sent("/", data, { routes: both });
  assert.equal(open.headers.get("x-middleware-next"), "1");
  const page = await sent("/", {}, { routes });
  assert.equal(page.headers.get("x-middleware-next"), "1");
});

describe("getUser", () => {
  test("returns the user, and who acts as the user, from the middleware's assertion", async () => {
    const headers = forwardedHeaders(await sent("/page", { authorization: bearer }));
    const user = await getUser(Promise.resolve(headers), { signingKey });
    assert.deepEqual(user, {
      id: "u-1",
      uuid: "u-1",
      email: "a@b.c",
      claims: { sub: "user-1", uuid: "u-1", email: "a@b.c" },
    });
    const authorization = `Bearer ${token(signer, { ...claims, impersonatedBy: "admin-1" })}`;
    const impersonated = forwardedHeaders(await sent("/page", { authorization }));
    assert.equal((await getUser(impersonated, { signingKey }))?.impersonatedBy, "admin-1");
  });

  test("rejects every other assertion", async () => {
    const more = { origin: "https://api.example", routes: [{ path: "/*", to: "origin" as const }] };
    const forUpstream = forwardedHeaders(await sent("/", { authorization: bearer }, more));
    const app = { ...claims, iss: "better-auth-edge:app", aud: "better-auth-edge:app" };
    const typ = "edge-assertion+jwt";
    for (const assertion of [
      "",
      "a.b.c",
      token(signer, claims),
      token(signer, app, { typ }),
      forUpstream.get("x-edge-jwt-assertion") ?? assert.fail("the assertion is absent"),
    ]) {
      const headers = new Headers({ "x-edge-user": "u-1", "x-edge-jwt-assertion": assertion });
      assert.equal(await getUser(headers, { signingKey }), null, assertion);
    }
  });

  test("calls no clock and no random generator that would make Next render a page dynamically", async (context) => {
    const headers = forwardedHeaders(await sent("/page", { authorization: bearer }));
    // the first call loads the wasm, which Next waits for in any case
    await getUser(headers, { signingKey });
    const another = forwardedHeaders(await sent("/page", { authorization: bearer }));
    for (const [object, name] of [
      [Date, "now"],
      [Math, "random"],
      [crypto, "randomUUID"],
      [crypto, "getRandomValues"],
    ] as [object, never][]) {
      context.mock.method(object, name, () => assert.fail(name));
    }
    for (const request of [headers, another]) {
      assert.equal((await getUser(request, { signingKey }))?.id, "u-1");
    }
  });

  test("returns null for an expired assertion", async () => {
    const headers = forwardedHeaders(await sent("/page", { authorization: bearer }));
    const file = globalThis.File;
    class Later extends file {
      override readonly lastModified = Date.now() + 120_000;
    }
    globalThis.File = Later;
    try {
      assert.equal(await getUser(headers, { signingKey }), null);
    } finally {
      globalThis.File = file;
    }
    assert.equal((await getUser(headers, { signingKey }))?.id, "u-1");
  });

  test("requires a signing key", async () => {
    await assert.rejects(getUser(new Headers()), { code: "misconfigured", message: /keygen/ });
  });
});

describe("returnPath", () => {
  test("returns only paths of this site", () => {
    for (const [value, path] of [
      ["/", "/"],
      ["/a/b?c=d#e", "/a/b?c=d#e"],
      ["/a/../b", "/b"],
      ["/%5cevil.example", "/%5cevil.example"],
      ["/ü", "/%C3%BC"],
    ]) {
      assert.equal(returnPath(value, "/home"), path);
    }
    for (const value of [
      "",
      "a",
      "//evil.example",
      "/\\evil.example",
      "\\/evil.example",
      "/\t/evil.example",
      "/\n/evil.example",
      "\t//evil.example",
      "/.//evil.example",
      "/a/..//evil.example",
      "https://evil.example",
      "javascript:alert(1)",
      `/${"a".repeat(3000)}`,
      null,
      undefined,
      ["/a"],
    ]) {
      assert.equal(returnPath(value, "/home"), "/home", String(value));
    }
  });

  test("removes Next's basePath, which the router adds again", () => {
    for (const [value, path] of [
      ["/app", "/"],
      ["/app/", "/"],
      ["/app/a?b=/app#c", "/a?b=/app#c"],
      ["/app?a=b", "/?a=b"],
      ["/app/app/a", "/app/a"],
      ["/apple", "/home"],
      ["/a", "/home"],
      ["/app//evil.example", "/home"],
      ["/app/.//evil.example", "/home"],
      ["/app/../evil", "/home"],
      ["//app/a", "/home"],
    ]) {
      assert.equal(returnPath(value, "/home", "/app"), path, value);
    }
  });
});

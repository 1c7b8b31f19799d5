// Builds of the example with both major versions of Next, both files and both bundlers,
// with a real Better Auth and a real FastAPI. The environment variables CHROMIUM and PYTHON name
// the programs. ONLY selects a variant by its name, or several by a part of it, such as "Next 15".
// SCREENSHOTS is a directory for pictures of the demo page.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Browser, chromium } from "playwright-core";
import { freePort } from "../../auth/test/ports.ts";
import { browserFiles, build, copy, directoryOf, nameOf, startApp, type Variant } from "./app.ts";
import { attacks } from "./attacks.ts";
import { demo, onlyOnLoopback, withoutDemo } from "./demo.ts";
import { send, signUp } from "./http.ts";
import { mounted } from "./mounted.ts";
import { bundles, prefetches } from "./prefetches.ts";
import { type Backends, type Server, startBackends } from "./servers.ts";
import { signOuts } from "./sign-outs.ts";
import { visits } from "./visits.ts";

const VARIANTS: Variant[] = [
  { next: 16, file: "proxy", bundler: "turbopack" },
  { next: 16, file: "middleware", bundler: "turbopack" },
  { next: 16, file: "proxy", bundler: "webpack" },
  { next: 16, file: "middleware", bundler: "webpack" },
  { next: 15, file: "middleware", bundler: "webpack" },
  { next: 15, file: "middleware", bundler: "turbopack", runtime: "nodejs" },
];
const MOUNTED: Variant = { next: 16, file: "proxy", bundler: "turbopack", kind: "mounted" };
const CACHED: Variant = { next: 16, file: "proxy", bundler: "turbopack", kind: "cached" };
const DEVELOPMENT: Variant = { next: 16, file: "proxy", bundler: "turbopack", kind: "development" };

const ONLY = process.env.ONLY ?? "";
const isOneName = [...VARIANTS, MOUNTED, CACHED, DEVELOPMENT].some(
  (variant) => nameOf(variant) === ONLY,
);

/** Describes the tests of a variant, unless ONLY selects others. */
function describeVariant(variant: Variant, tests: () => void): void {
  const name = nameOf(variant);
  if (isOneName ? name === ONLY : name.includes(ONLY)) describe(name, tests);
}

let backends: Backends;
let browser: Browser;
// Better Auth must know the pages' origins before it starts
const ports = await Promise.all(Array.from({ length: VARIANTS.length + 5 }, freePort));
const [developmentPort, cookieCachePort, mountedPort, cachedPort, demoPort, ...variantPorts] =
  ports as [number, number, number, number, number, ...number[]];

before(async () => {
  const hosts = ["127.0.0.1", "localhost"];
  backends = await startBackends(
    ports.flatMap((port) => hosts.map((host) => `http://${host}:${port}`)),
  );
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--no-proxy-server", "--disable-background-networking"],
  });
});

after(async () => {
  await browser?.close();
  await backends?.stop();
});

for (const [index, variant] of VARIANTS.entries()) {
  describeVariant(variant, () => {
    let app: Server;
    before(async () => {
      copy(variant);
      await build(variant, backends);
      app = await startApp(variant, variantPorts[index] as number, backends);
    });
    after(() => app?.stop());

    const base = () => app.url;
    visits(base, () => browser);
    signOuts(base, () => browser);
    prefetches(base, () => browser);
    bundles(
      base,
      () => browser,
      () => browserFiles(variant),
    );
    attacks(
      base,
      () => readFileSync(join(directoryOf(variant), ".next/BUILD_ID"), "utf8"),
      variant.bundler === "webpack" ? [] : ["/index", "/index/more"],
    );

    if (index === 0) {
      withoutDemo(base);
      onlyOnLoopback();
      describe("with DEMO=1", () => {
        let shown: Server;
        before(async () => {
          shown = await startApp(variant, demoPort, backends, { DEMO: "1" });
        });
        after(() => shown?.stop());

        demo(
          () => shown.url,
          () => browser,
          () => [shown, backends.auth, backends.api].map((server) => server.log()),
        );
      });
    }

    if (index > 1) return;
    test("with cookieCache, Better Auth's cookie cache is accepted without a request to Better Auth", async () => {
      // without EDGE_ISSUER, the application has no store of ended sessions
      const env = { COOKIE_CACHE: "jwks", EDGE_ISSUER: "" };
      const cached = await startApp(variant, cookieCachePort, backends, env);
      try {
        const user = await signUp(cached.url);
        const headers = { cookie: user.cookie, origin: cached.url };
        const id = async () => (await send(cached.url, "/api/me", headers)).json().user;
        assert.equal(((await id()) as { id: string }).id, user.uuid);
        await send(cached.url, "/api/auth/sign-out", headers, { method: "POST" });
        // the session has ended, but the cookie cache is still valid
        assert.equal(((await id()) as { id: string }).id, user.uuid);
      } finally {
        await cached.stop();
      }
    });
  });
}

describeVariant(MOUNTED, () => {
  let app: Server;
  before(async () => {
    copy(MOUNTED, "mounted");
    await build(MOUNTED, backends);
    const env = { SITE: `http://127.0.0.1:${mountedPort}` };
    app = await startApp(MOUNTED, mountedPort, backends, env);
  });
  after(() => app?.stop());

  mounted(
    () => app.url,
    () => browser,
  );
});

describeVariant(CACHED, () => {
  let app: Server;
  before(async () => {
    copy(CACHED, "cached");
    app = await startApp(CACHED, cachedPort, backends, {}, "dev");
  });
  after(() => app?.stop());

  test("getUser works inside Suspense with cacheComponents, and Next reports no errors", async () => {
    const { cookie, uuid } = await signUp(app.url);
    // Next checks more once everything is compiled
    for (let i = 0; i < 4; i++) {
      const page = await send(app.url, "/me", { cookie });
      assert.equal(page.status, 200);
      assert.ok(page.text.includes(uuid));
    }
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    assert.doesNotMatch(app.log(), /Error|prerender|unstable value/i, app.log());
  });
});

describeVariant(DEVELOPMENT, () => {
  let app: Server;
  before(async () => {
    copy(DEVELOPMENT);
    app = await startApp(DEVELOPMENT, developmentPort, backends, {}, "dev");
  });
  after(() => app?.stop());

  visits(
    () => app.url,
    () => browser,
  );
  signOuts(
    () => app.url,
    () => browser,
  );
  bundles(
    () => app.url,
    () => browser,
    () => browserFiles(DEVELOPMENT, "dev"),
  );

  test("while Better Auth is down, pages and APIs return an error and do not treat users as signed out", async () => {
    await backends.auth.stop();
    const cookie = "better-auth.session_token=never-seen.c2lnbmF0dXJl";
    for (const path of ["/me", "/api/me"]) {
      const response = await send(app.url, path, { cookie });
      assert.deepEqual([response.status, response.json().code], [503, "keys_unavailable"]);
      assert.ok(response.headers["retry-after"]);
    }
  });
});

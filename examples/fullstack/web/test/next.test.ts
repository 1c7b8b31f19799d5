// Real builds of the example, with both files and both bundlers, in front of a real Better Auth and a
// real FastAPI. The environment variables CHROMIUM and PYTHON name the programs.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Browser, chromium } from "playwright-core";
import { type Bundler, build, copy, directoryOf, type File, startApp } from "./app.ts";
import { attacks } from "./attacks.ts";
import { send, signUp } from "./http.ts";
import { type Backends, freePort, type Server, startBackends } from "./servers.ts";
import { visits } from "./visits.ts";

const VARIANTS: [File, Bundler][] = [
  ["proxy", "turbopack"],
  ["middleware", "turbopack"],
  ["proxy", "webpack"],
  ["middleware", "webpack"],
];

let backends: Backends;
let browser: Browser;
// Better Auth is told beforehand which pages there will be
const ports = await Promise.all(Array.from({ length: VARIANTS.length + 2 }, freePort));
const [developmentPort, cachePort, ...variantPorts] = ports as [number, number, ...number[]];

before(async () => {
  backends = await startBackends(ports.map((port) => `http://127.0.0.1:${port}`));
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--no-proxy-server", "--disable-background-networking"],
  });
});

after(async () => {
  await browser?.close();
  await backends?.stop();
});

for (const [index, [file, bundler]] of VARIANTS.entries()) {
  describe(`${file}.ts, built by ${bundler}`, () => {
    let app: Server;
    before(async () => {
      const directory = copy(file, bundler);
      await build(directory, bundler, backends);
      app = await startApp(directory, variantPorts[index] as number, backends, backends.edge);
    });
    after(() => app?.stop());

    visits(
      () => app.url,
      () => browser,
    );
    attacks(
      () => app.url,
      () => readFileSync(join(directoryOf(file, bundler), ".next/BUILD_ID"), "utf8"),
      bundler === "webpack" ? [] : ["/index", "/index/more"],
    );

    if (index > 1) return;
    test("Better Auth's cookie cache counts without asking anybody, where that is set", async () => {
      const directory = directoryOf(file, bundler);
      const env = { ...backends.edge, COOKIE_CACHE: "jwks" };
      const cached = await startApp(directory, cachePort, backends, env);
      try {
        const visitor = await signUp(cached.url);
        const headers = { cookie: visitor.cookie, origin: cached.url };
        const id = async () => (await send(cached.url, "/api/me", headers)).json().user;
        assert.equal(((await id()) as { id: string }).id, visitor.uuid);
        await send(cached.url, "/api/auth/sign-out", headers, { method: "POST" });
        // Better Auth would say that the session has ended
        assert.equal(((await id()) as { id: string }).id, visitor.uuid);
      } finally {
        await cached.stop();
      }
    });
  });
}

describe("proxy.ts, in development", () => {
  let app: Server;
  before(async () => {
    const directory = copy("proxy", "development");
    app = await startApp(directory, developmentPort, backends, backends.edge, "dev");
  });
  after(() => app?.stop());

  visits(
    () => app.url,
    () => browser,
  );

  test("while Better Auth is down pages and APIs say so, and nobody is taken for signed out", async () => {
    await backends.auth.stop();
    const cookie = "better-auth.session_token=never-seen.c2lnbmF0dXJl";
    for (const path of ["/me", "/api/me"]) {
      const answer = await send(app.url, path, { cookie });
      assert.deepEqual([answer.status, answer.json().code], [503, "keys_unavailable"]);
      assert.ok(answer.headers["retry-after"]);
    }
  });
});

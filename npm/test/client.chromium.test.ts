/** The API client in pages of a real browser, with Better Auth's own client and a real Better Auth. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { decode, fetchKeys, isSignedBy } from "../../examples/fullstack/auth/test/client.ts";
import { type RunningServer, startServer } from "../../examples/fullstack/auth/test/server.ts";
import type { ApiClient } from "../src/client/index.ts";
import { type Arrived, type Reply, serve, type TestServer } from "./client.servers.ts";
import { launch } from "./hosts/chromium.ts";

const directory = mkdtempSync(join(tmpdir(), "better-auth-edge-page-"));
let auth: RunningServer;
/** Where the pages are; what is Better Auth's goes on to it. */
let app: TestServer;
/** On another origin than the pages. */
let api: TestServer;
let elsewhere: TestServer;
let browser: Browser;

/** What the page's script leaves for the test. */
interface InPage {
  api: ApiClient;
  authClient: {
    signUp: { email(user: object): Promise<unknown> };
    signOut(): Promise<unknown>;
  };
}

before(async () => {
  const files: Record<string, Reply> = {
    "/": { headers: { "content-type": "text/html" }, body: "<!doctype html><title>App</title>" },
    "/page.js": { headers: { "content-type": "text/javascript" }, body: await pageScript() },
  };
  app = await serve((request) =>
    request.path === "/api-url"
      ? { body: api.url }
      : (files[request.path] ?? toBetterAuth(request)),
  );
  auth = await startServer({
    BETTER_AUTH_SECRET: "a secret for tests, long enough to pass",
    BETTER_AUTH_URL: app.url,
    DATABASE_URL: `file:${join(directory, "auth.db")}`,
  });
  elsewhere = await serve(() => cors({}));
  api = await serve(answer);
  browser = await launch();
});

after(async () => {
  await browser.close();
  for (const server of [app, api, elsewhere]) await server[Symbol.asyncDispose]();
  await auth.stop();
  rmSync(directory, { recursive: true });
});

test("a page calls as its user, without leaving the token anywhere", async () => {
  const page = await open();
  await signUp(page, "ada");
  assert.equal(await who(page), "ada@example.com");
  const kept = await page.evaluate(() =>
    JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, history.state]),
  );
  assert.doesNotMatch(kept, /eyJ/);
  await page.context().close();
});

test("after a sign-out no call is made any more, in this tab or in another", async () => {
  const page = await open();
  const other = await open(page);
  await signUp(page, "bob");
  assert.deepEqual([await who(page), await who(other)], ["bob@example.com", "bob@example.com"]);
  await page.evaluate(() => (globalThis as unknown as InPage).authClient.signOut());
  for (const tab of [page, other]) {
    let said = await who(tab);
    // the browser tells the tabs when it pleases
    while (said === "bob@example.com") said = await who(tab);
    assert.equal(said, "signed_out");
  }
  await page.context().close();
});

test("a redirect is not followed, and said to be one, although browsers hide where it leads", async () => {
  const page = await open();
  await signUp(page, "carol");
  assert.equal(await who(page, "/redirect"), "redirected");
  assert.equal(elsewhere.arrived.length, 0);
  assert.equal(await who(page, elsewhere.url), "foreign_url");
  assert.equal(elsewhere.arrived.length, 0);
  await page.context().close();
});

test("an error is read across origins, and a refused token is renewed once", async () => {
  const page = await open();
  await signUp(page, "dave");
  assert.equal(await who(page, "/forbidden"), "user_mismatch");
  api.arrived.length = 0;
  assert.equal(await who(page, "/refused"), "bad_signature");
  const calls = api.arrived.filter(({ method }) => method === "GET");
  assert.equal(calls.length, 2);
  await page.context().close();
});

/** A page of the app; beside another one, of the same browser. */
async function open(beside?: Page): Promise<Page> {
  const context = beside?.context() ?? (await browser.newContext());
  const page = await context.newPage();
  await page.goto(app.url);
  await page.addScriptTag({ url: "/page.js", type: "module" });
  await page.waitForFunction("'api' in globalThis");
  return page;
}

async function signUp(page: Page, name: string): Promise<void> {
  const user = { name, email: `${name}@example.com`, password: "long enough to pass" };
  await page.evaluate(
    (user) => (globalThis as unknown as InPage).authClient.signUp.email(user),
    user,
  );
}

/** Whom the API takes the page's user for, or the code of the error. */
function who(page: Page, path = "/me"): Promise<string> {
  return page.evaluate(
    ([path]) =>
      (globalThis as unknown as InPage).api.json<{ email: string }>(path).then(
        ({ email }) => email,
        (error: { code?: string }) => error.code ?? String(error),
      ),
    [path] as const,
  );
}

async function answer({ method, path, headers }: Arrived): Promise<Reply> {
  if (method === "OPTIONS") return cors({ status: 204 });
  if (path === "/redirect") return cors({ status: 307, headers: { location: elsewhere.url } });
  const problem = { "content-type": "application/problem+json" };
  if (path === "/forbidden") {
    return cors({ status: 403, headers: problem, body: '{"code":"user_mismatch"}' });
  }
  const token = headers.authorization?.replace(/^Bearer /, "") ?? "";
  const isGood = token !== "" && isSignedBy(await fetchKeys(auth.url), token);
  if (!isGood || path === "/refused") {
    return cors({ status: 401, headers: problem, body: '{"code":"bad_signature"}' });
  }
  return cors({ body: { email: decode(token).claims.email } });
}

function cors(reply: Reply): Reply {
  const permission = {
    "access-control-allow-origin": app.url,
    "access-control-allow-headers": "authorization",
  };
  return { ...reply, headers: { ...reply.headers, ...permission } };
}

/** Passes a request on, and its cookies back. */
async function toBetterAuth({ method, path, headers, body }: Arrived): Promise<Reply> {
  if (!path.startsWith("/api/auth/")) return { status: 404 };
  const { host, connection, "content-length": _, ...kept } = headers;
  const init: RequestInit = { method, headers: kept as Record<string, string> };
  if (body !== "") init.body = body;
  const response = await fetch(auth.url + path, init);
  return {
    status: response.status,
    headers: {
      "content-type": response.headers.get("content-type") ?? "text/plain",
      "set-cookie": response.headers.getSetCookie(),
    },
    body: await response.text(),
  };
}

/** Better Auth's client as the example has it, and ours as it is published. */
async function pageScript(): Promise<string> {
  const client = fileURLToPath(new URL("../dist/client.js", import.meta.url));
  const { outputFiles } = await build({
    stdin: {
      contents: `
        import { createAuthClient } from "better-auth/client";
        import { jwtClient } from "better-auth/client/plugins";
        import { createApiClient } from ${JSON.stringify(client)};
        const authClient = createAuthClient({ plugins: [jwtClient()] });
        // as a page that shows who is signed in
        authClient.useSession.subscribe(() => {});
        fetch("/api-url").then((response) => response.text()).then((baseURL) => {
          Object.assign(globalThis, { authClient, api: createApiClient({ authClient, baseURL }) });
        });`,
      resolveDir: fileURLToPath(new URL("../../examples/fullstack/auth", import.meta.url)),
    },
    bundle: true,
    format: "esm",
    platform: "browser",
    write: false,
    logLevel: "warning",
  });
  return outputFiles[0]?.text ?? "";
}

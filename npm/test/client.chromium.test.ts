/** The API client in a real browser, with Better Auth's client and the example's auth server. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { decode, fetchKeys, isSignedBy } from "../../examples/fullstack/auth/test/client.ts";
import type { RunningServer } from "../../examples/fullstack/auth/test/server.ts";
import type { ApiClient } from "../src/client/index.ts";
import { startAuthServer } from "./better-auth.ts";
import { launch } from "./hosts/chromium.ts";
import { type ReceivedRequest, serve, type TestResponse, type TestServer } from "./servers.ts";

let auth: RunningServer;
/** Serves the pages, and forwards Better Auth's paths to it. */
let app: TestServer;
/** The API, on another origin than the pages. */
let api: TestServer;
let elsewhere: TestServer;
let browser: Browser;

/** The globals that the page's script sets for the test. */
interface InPage {
  api: ApiClient;
  authClient: {
    signUp: { email(user: object): Promise<unknown> };
    signOut(): Promise<unknown>;
  };
}

before(async () => {
  const files: Record<string, TestResponse> = {
    "/": { headers: { "content-type": "text/html" }, body: "<!doctype html><title>App</title>" },
    "/page.js": { headers: { "content-type": "text/javascript" }, body: await pageScript() },
  };
  app = await serve((request) =>
    request.path === "/api-url"
      ? { body: api.url }
      : (files[request.path] ?? forwardToBetterAuth(request)),
  );
  auth = await startAuthServer({ BETTER_AUTH_URL: app.url });
  elsewhere = await serve(() => cors({}));
  api = await serve(apiResponse);
  browser = await launch();
});

after(async () => {
  await browser.close();
  for (const server of [app, api, elsewhere]) await server[Symbol.asyncDispose]();
  await auth.stop();
});

test("a page calls the API with its user's token and never stores the token", async () => {
  const page = await open();
  await signUp(page, "ada");
  assert.equal(await me(page), "ada@example.com");
  const stored = await page.evaluate(() =>
    JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, history.state]),
  );
  assert.doesNotMatch(stored, /eyJ/);
  await page.context().close();
});

test("after a sign-out the client sends no calls, in this tab and in others", async () => {
  const page = await open();
  const other = await open(page);
  await signUp(page, "bob");
  assert.deepEqual([await me(page), await me(other)], ["bob@example.com", "bob@example.com"]);
  await page.evaluate(() => (globalThis as unknown as InPage).authClient.signOut());
  for (const tab of [page, other]) {
    let outcome = await me(tab);
    // the browser notifies other tabs after a delay
    while (outcome === "bob@example.com") outcome = await me(tab);
    assert.equal(outcome, "signed_out");
  }
  await page.context().close();
});

test("a redirect is reported and not followed, although browsers hide its target", async () => {
  const page = await open();
  await signUp(page, "carol");
  assert.equal(await me(page, "/redirect"), "redirected");
  assert.equal(elsewhere.requests.length, 0);
  assert.equal(await me(page, elsewhere.url), "foreign_url");
  assert.equal(elsewhere.requests.length, 0);
  await page.context().close();
});

test("an error is readable across origins, and a rejected token is renewed once", async () => {
  const page = await open();
  await signUp(page, "dave");
  assert.equal(await me(page, "/forbidden"), "user_mismatch");
  api.requests.length = 0;
  assert.equal(await me(page, "/rejected"), "bad_signature");
  const calls = api.requests.filter(({ method }) => method === "GET");
  assert.equal(calls.length, 2);
  await page.context().close();
});

/** Opens a page of the app, in the same browser context as another page if one is given. */
async function open(sameContext?: Page): Promise<Page> {
  const context = sameContext?.context() ?? (await browser.newContext());
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

/** The user's email as the API reads it from the token, or the code of the error. */
function me(page: Page, path = "/me"): Promise<string> {
  return page.evaluate(
    ([path]) =>
      (globalThis as unknown as InPage).api.json<{ email: string }>(path).then(
        ({ email }) => email,
        (error: { code?: string }) => error.code ?? String(error),
      ),
    [path] as const,
  );
}

async function apiResponse({ method, path, headers }: ReceivedRequest): Promise<TestResponse> {
  if (method === "OPTIONS") return cors({ status: 204 });
  if (path === "/redirect") return cors({ status: 307, headers: { location: elsewhere.url } });
  const problem = { "content-type": "application/problem+json" };
  if (path === "/forbidden") {
    return cors({ status: 403, headers: problem, body: '{"code":"user_mismatch"}' });
  }
  const token = headers.authorization?.replace(/^Bearer /, "") ?? "";
  const isValid = token !== "" && isSignedBy(await fetchKeys(auth.url), token);
  if (!isValid || path === "/rejected") {
    return cors({ status: 401, headers: problem, body: '{"code":"bad_signature"}' });
  }
  return cors({ body: { email: decode(token).claims.email } });
}

function cors(response: TestResponse): TestResponse {
  const permission = {
    "access-control-allow-origin": app.url,
    "access-control-allow-headers": "authorization",
  };
  return { ...response, headers: { ...response.headers, ...permission } };
}

/** Forwards a request to Better Auth and returns the response with its cookies. */
async function forwardToBetterAuth({
  method,
  path,
  headers,
  body,
}: ReceivedRequest): Promise<TestResponse> {
  if (!path.startsWith("/api/auth/")) return { status: 404 };
  const { host, connection, "content-length": _, ...rest } = headers;
  const init: RequestInit = { method, headers: rest as Record<string, string> };
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

/** Bundles the example's Better Auth client and this package's built API client. */
async function pageScript(): Promise<string> {
  const client = fileURLToPath(new URL("../dist/client.js", import.meta.url));
  const { outputFiles } = await build({
    stdin: {
      contents: `
        import { createAuthClient } from "better-auth/client";
        import { jwtClient } from "better-auth/client/plugins";
        import { createApiClient } from ${JSON.stringify(client)};
        const authClient = createAuthClient({ plugins: [jwtClient()] });
        // as a page does that shows the user
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

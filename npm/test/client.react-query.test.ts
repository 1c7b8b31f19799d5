/** The documentation's React Query example in a browser, with a real Better Auth and Worker. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import type { RunningServer } from "../../examples/fullstack/auth/test/server.ts";
import { startAuthServer } from "./better-auth.ts";
import { startWorker } from "./cli.worker.ts";
import { makeProject, writeExamples } from "./documents.project.ts";
import { blocks } from "./documents.ts";
import { launch } from "./hosts/chromium.ts";
import {
  deferred,
  forward,
  ok,
  serve,
  type TestResponse,
  type TestServer,
  until,
} from "./servers.ts";

/** Serves the page, and forwards Better Auth's paths to it. */
let app: TestServer;
let auth: RunningServer;
/** The API behind the Worker, which accepts only what the Worker forwards. */
let api: TestServer;
let edge: Awaited<ReturnType<typeof startWorker>>;
let browser: Browser;
/** What the API responds. */
let respond: () => TestResponse | Promise<TestResponse>;

/** The globals that the page's script sets for the test. */
interface InPage {
  authClient: { signUp: { email(user: object): Promise<{ data: { user: { id: string } } }> } };
  mount(userId: string): void;
  unmount(): void;
}

before(async () => {
  let script = "";
  app = await serve((request) => {
    if (request.path.startsWith("/api/auth/")) return forward(auth.url, request);
    if (request.path === "/page.js") {
      return { headers: { "content-type": "text/javascript" }, body: script };
    }
    const page = '<!doctype html><title>App</title><div id="root"></div>';
    return { headers: { "content-type": "text/html" }, body: page };
  });
  auth = await startAuthServer({ BETTER_AUTH_URL: app.url });
  api = await serve(() => respond());
  edge = await startWorker({
    BETTER_AUTH_URL: app.url,
    ORIGIN_URL: api.url,
    CORS_ORIGINS: app.url,
    ROUTES: [{ path: "/api/{user_id}/*", match: { user_id: "sub" } }],
  });
  script = await pageScript();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await edge?.[Symbol.asyncDispose]();
  await api?.[Symbol.asyncDispose]();
  await auth?.stop();
  await app?.[Symbol.asyncDispose]();
});

test("a query shows the user's own data, and another user's path is an error without a retry", async () => {
  await using opened = await signUp("ada");
  const { page, id, calls } = opened;
  respond = () => ({ body: ["Rest"] });
  await mount(page, id);
  await page.waitForSelector("li >> text=Rest");
  await mount(page, "bob");
  assert.match(await page.innerText("p"), /another user/);
  assert.equal(calls.filter((url) => url.includes("/api/bob/")).length, 1);
});

test("a query repeats a call that can succeed later", async () => {
  await using opened = await signUp("carol");
  const responses: TestResponse[] = [{ status: 503, headers: { "retry-after": "1" } }];
  api.requests.length = 0;
  respond = () => responses.shift() ?? { body: ["Rest"] };
  await mount(opened.page, opened.id);
  await opened.page.waitForSelector("li >> text=Rest");
  assert.equal(api.requests.length, 2);
});

test("a component that goes away cancels its request", async () => {
  await using opened = await signUp("dave");
  const { page, id } = opened;
  const response = deferred();
  api.requests.length = 0;
  respond = async () => {
    await response.promise;
    return ok();
  };
  await mount(page, id);
  await until(() => api.requests.length === 1);
  const canceled = page.waitForEvent("requestfailed");
  await page.evaluate(() => (globalThis as unknown as InPage).unmount());
  const request = await canceled;
  assert.equal(request.url(), `${edge.url}/api/${id}/tasks`);
  assert.equal(request.failure()?.errorText, "net::ERR_ABORTED");
  response.resolve();
});

/** Opens the page in a context of its own, as a new user. */
async function signUp(name: string) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const calls: string[] = [];
  page.on("request", (request) => {
    if (request.method() === "GET") calls.push(request.url());
  });
  await page.goto(app.url);
  await page.addScriptTag({ url: "/page.js", type: "module" });
  await page.waitForFunction("'mount' in globalThis");
  const user = { name, email: `${name}@example.com`, password: "long enough to pass" };
  const id = await page.evaluate(async (user) => {
    const { authClient } = globalThis as unknown as InPage;
    return (await authClient.signUp.email(user)).data.user.id;
  }, user);
  return { page, id, calls, [Symbol.asyncDispose]: () => context.close() };
}

async function mount(page: Page, userId: string): Promise<void> {
  await page.evaluate((id) => (globalThis as unknown as InPage).mount(id), userId);
}

/** Bundles the examples of the page, as an application does. */
async function pageScript(): Promise<string> {
  await using project = await makeProject("react-query");
  const examples = blocks("ts", "tsx").filter(({ page }) => page === "docs/client.md");
  const places = await writeExamples(project.directory, examples, (code) =>
    code.replaceAll("https://edge.example.com", edge.url),
  );
  const [example] = [...places].find(([, { text }]) => text.includes("useQuery(")) ?? [];
  assert.ok(example, "the page has no example with useQuery");
  const contents = `
    import { createElement } from "react";
    import { createRoot } from "react-dom/client";
    import { App } from "./${example}";
    import { authClient } from "./docs-client/lib/api";
    let root;
    const unmount = () => root?.unmount();
    const mount = (userId) => {
      unmount();
      root = createRoot(document.getElementById("root"));
      root.render(createElement(App, { userId }));
    };
    Object.assign(globalThis, { authClient, mount, unmount });`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: project.directory },
    bundle: true,
    format: "esm",
    platform: "browser",
    write: false,
    jsx: "automatic",
    define: { "process.env.NODE_ENV": '"production"' },
    logLevel: "warning",
    // the tests' own configuration resolves the package to its sources
    tsconfigRaw: {},
    absWorkingDir: project.directory,
  });
  return outputFiles[0]?.text ?? "";
}

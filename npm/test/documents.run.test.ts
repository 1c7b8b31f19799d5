/** The examples of the documentation protect a path, with a real Better Auth. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { decodeJwt } from "jose";
import { type NextFetchEvent, NextRequest } from "next/server.js";
import { makeProject, writeExamples } from "./documents.project.ts";
import { blocks } from "./documents.ts";
import { plugins, start } from "./plugin.setup.ts";
import { serve, type TestServer } from "./servers.ts";

type Handler = (request: Request) => Promise<Response> | Response;

let auth: Awaited<ReturnType<typeof start>>;
let api: TestServer;
let project: Awaited<ReturnType<typeof makeProject>>;
let ada: { id: string; cookie: string; token: string; sessionToken: string };

before(async () => {
  auth = await start({ isPlain: true, plugins: [plugins.bearer()] });
  project = await makeProject("run");
  const examples = blocks("ts", "tsx");
  api = await serve(({ headers }) => ({ body: { sent: headers.authorization } }));
  const change = (code: string) =>
    code
      .replaceAll("https://app.example.com", auth.url)
      .replaceAll("https://edge.example.com", api.url);
  await writeExamples(project.directory, examples, change);

  const body = { email: "ada@example.com", password: "analytical engine", name: "Ada" };
  const signedUp = await auth.done("/sign-up/email", { body });
  const { user, token: sessionToken } = await signedUp.json();
  const cookie = signedUp.headers
    .getSetCookie()
    .map((set) => set.split(";")[0])
    .join("; ");
  const { token } = await (await auth.done("/token", { cookie })).json();
  ada = { id: user.id, cookie, token, sessionToken };
});

after(async () => {
  await project[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
  await auth[Symbol.asyncDispose]();
});

/** Imports an example, as a bundler resolves its imports. */
// biome-ignore lint/suspicious/noExplicitAny: each example exports something else
async function load(path: string): Promise<any> {
  const outfile = join(project.directory, `${path}.mjs`);
  await build({
    entryPoints: [join(project.directory, path)],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    packages: "external",
    alias: { "next/server": "next/server.js" },
    // the tests' own configuration resolves the package to its sources
    tsconfigRaw: {},
  });
  return import(pathToFileURL(outfile).href);
}

/** What a server does with requests for the user's path, another user's, and without a token. */
async function assertProtects(handle: Handler, path = (id: string) => `/api/${id}/tasks`) {
  const ask = async (id: string, headers: Record<string, string>) => {
    const response = await handle(new Request(`https://api.example.com${path(id)}`, { headers }));
    return response.ok
      ? await response.json()
      : `${response.status} ${(await response.json()).code}`;
  };
  const authorization = `Bearer ${ada.token}`;
  assert.deepEqual(await ask(ada.id, { authorization }), [`a task of ${ada.id}`]);
  assert.equal(await ask(ada.id, {}), "401 missing_token");
  const forged = authorization.replace(/[^.]*$/, "A".repeat(86));
  assert.equal(await ask(ada.id, { authorization: forged }), "401 bad_signature");
  if (path("a") !== path("b")) {
    assert.equal(await ask("bob", { authorization }), "403 user_mismatch");
  }
}

test("Hono", async () => {
  const { default: app } = await load("docs-frameworks/hono.ts");
  await assertProtects((request) => app.fetch(request));
  assert.equal(await (await app.request("/health")).text(), "ok");
});

test("Express", async () => {
  const { app } = await load("docs-frameworks/express.ts");
  const server = createServer(app as RequestListener).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const handle: Handler = ({ url, headers }) =>
    fetch(`http://127.0.0.1:${port}${new URL(url).pathname}`, { headers });
  try {
    await assertProtects(handle);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("SvelteKit", async () => {
  const { handle } = await load("docs-frameworks/src/hooks.server.ts");
  await assertProtects((request) => {
    const event = { request, locals: {} as { user?: { id: string } } };
    const resolve = () => Response.json([`a task of ${event.locals.user?.id}`]);
    return handle({ event, resolve });
  });
});

test("React Router", async () => {
  const { loader } = await load("docs-frameworks/app/routes/tasks.ts");
  const respond = (request: Request) =>
    loader({ request }).then(Response.json, (thrown: Response) => thrown);
  await assertProtects(respond, () => "/tasks");
  const request = new Request("https://api.example.com/tasks", { headers: { cookie: ada.cookie } });
  assert.deepEqual(await (await respond(request)).json(), [`a task of ${ada.id}`]);
});

test("a Worker", async () => {
  const { default: worker } = await load("docs-frameworks/worker.ts");
  await assertProtects((request) => worker.fetch(request, { BETTER_AUTH_URL: auth.url }));
});

test("another middleware beside the one of Next.js keeps the user, and rejections", async () => {
  process.env.BETTER_AUTH_URL = auth.url;
  const [block] = blocks("ts").filter(({ text }) => text.includes("function localize"));
  const { proxy } = await load(`docs-nextjs-${block?.line}/proxy.ts`);
  const ask = (headers: Record<string, string>): Promise<Response> => {
    const request = new NextRequest("https://app.example.com/me", { headers });
    return proxy(request, { waitUntil() {} } as unknown as NextFetchEvent);
  };
  const accepted = await ask({ cookie: ada.cookie, "x-edge-user": "bob" });
  assert.equal(accepted.headers.get("x-middleware-rewrite"), "https://app.example.com/en/me");
  assert.equal(accepted.headers.get("x-middleware-request-x-edge-user"), ada.id);
  assert.equal(accepted.headers.get("x-middleware-next"), null);
  assert.match(accepted.headers.get("cache-control") ?? "", /private/);
  const page = await ask({ "sec-fetch-dest": "document", "sec-fetch-mode": "navigate" });
  assert.deepEqual([page.status, page.headers.get("x-middleware-rewrite")], [307, null]);
});

test("a program gets its tokens by its session token", async () => {
  const [block] = blocks("ts").filter(({ text }) => text.includes("function apiFor"));
  const { apiFor } = await load(`docs-client/${block?.line}.ts`);
  const { sent } = await apiFor(ada.sessionToken).json("/me");
  assert.equal(decodeJwt(sent.replace("Bearer ", "")).sub, ada.id);
  const rejected = await apiFor("no-session")
    .json("/me")
    .catch((error: unknown) => error);
  assert.equal(rejected.code, "signed_out");
});

/** The templates for Cloudflare deploy, and run under `wrangler dev`, in front of an API. */
import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { cookiesOf } from "./plugin.setup.ts";
import { serve, type TestServer, until } from "./servers.ts";
import { Project, ROOT, uploadSize } from "./templates.process.ts";
import { newSigner, token } from "./tokens.ts";

/** What a Worker of the plan Workers Free may have, in KiB, gzipped. */
const MOST_KIB = 3 * 1024;

/** An origin that no server has: what reaches it, does so by a service binding. */
const SITE = "https://fullstack.example";

/** Sends a request, and returns the status and the code of a rejection. */
async function ask(url: string, bearer?: string, headers: Record<string, string> = {}) {
  const authorization = bearer && { authorization: `Bearer ${bearer}` };
  const response = await fetch(url, { headers: { ...authorization, ...headers } });
  const { code } = (await response.json()) as { code?: string };
  return [response.status, code].filter(Boolean).join(" ");
}

/** The claims of the assertion that the API received last. */
async function assertionAt(api: TestServer, edge: string, issuer: string) {
  const assertion = api.requests.at(-1)?.headers["x-edge-jwt-assertion"];
  const keys = createRemoteJWKSet(new URL(`${edge}/.well-known/better-auth-edge/jwks.json`));
  const expected = { issuer, audience: api.url, typ: "edge-assertion+jwt" };
  return (await jwtVerify(String(assertion), keys, expected)).payload;
}

async function health(edge: string) {
  const response = await fetch(`${edge}/.well-known/better-auth-edge/health`);
  return { status: response.status, body: await response.json() };
}

describe("the template worker", () => {
  let project: Project;
  before(async () => {
    project = await Project.create("worker");
  });
  after(() => project[Symbol.asyncDispose]());

  test("it deploys", async (context) => {
    const size = uploadSize(await project.wrangler("deploy", "--dry-run"));
    context.diagnostic(`${size} KiB, gzipped`);
    assert(size < MOST_KIB);
  });

  test("it keeps users apart in front of an API", async () => {
    const signer = newSigner("EdDSA");
    await using auth = await serve(() => ({ body: { keys: [signer.jwk] } }));
    await using api = await serve(() => ({ body: { ok: true } }));
    const { privateKey } = newSigner("EdDSA");
    const key = { ...privateKey.export({ format: "jwk" }), alg: "EdDSA", kid: "edge" };
    await project.write(".dev.vars", `EDGE_SIGNING_KEY='${JSON.stringify(key)}'\n`);
    await using edge = await project.dev((url) => ({
      BETTER_AUTH_URL: auth.url,
      ORIGIN_URL: api.url,
      EDGE_ISSUER: url,
    }));

    const { status, body } = await health(edge.url);
    assert.deepEqual([status, body.rules, body.isolating_rules], [200, 2, 1]);
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: auth.url, aud: auth.url, sub: "ada", iat: now, exp: now + 900 };
    const ada = token(signer, claims);
    const forged = { "x-edge-user": "bob" };
    assert.equal(await ask(`${edge.url}/api/ada/tasks`, ada, forged), "200");
    assert.equal(api.requests.at(-1)?.headers["x-edge-user"], "ada");
    assert.equal((await assertionAt(api, edge.url, edge.url)).sub, "ada");
    const before = api.requests.length;
    assert.equal(await ask(`${edge.url}/api/bob/tasks`, ada), "403 user_mismatch");
    assert.equal(await ask(`${edge.url}/api/ada/tasks`), "401 missing_token");
    const other = token(newSigner("EdDSA"), claims);
    assert.equal(await ask(`${edge.url}/api/ada/tasks`, other), "401 bad_signature");
    assert.equal(api.requests.length, before);
  });

  test("service bindings connect it to a Better Auth and an API that are Workers", async () => {
    const page = await readFile(join(ROOT, "docs/deploy.md"), "utf8");
    const [services] = /"services": \[.*?\]/s.exec(page) ?? [];
    const shown = await project.read("wrangler.jsonc");
    await project.write("wrangler.jsonc", shown.replace('"vars"', `${services},\n  "vars"`));
    const signer = newSigner("EdDSA");
    const keys = await addWorker(project, "my-better-auth", JSON.stringify({ keys: [signer.jwk] }));
    const api = await addWorker(project, "my-api", API);
    const site = "https://my-better-auth.example";
    const variables = { BETTER_AUTH_URL: site, ORIGIN_URL: "https://my-api.example" };
    await using edge = await project.dev(
      (url) => ({ ...variables, EDGE_ISSUER: url }),
      ...["--config", "wrangler.jsonc", ...keys, ...api],
    );
    const now = Math.floor(Date.now() / 1000);
    const ada = token(signer, { iss: site, aud: site, sub: "ada", iat: now, exp: now + 900 });
    const headers = { authorization: `Bearer ${ada}` };
    const response = await fetch(`${edge.url}/api/ada/tasks`, { headers });
    const url = "https://my-api.example/api/ada/tasks";
    assert.deepEqual(await response.json(), { url, user: "ada" });
    assert.equal(await ask(`${edge.url}/api/bob/tasks`, ada), "403 user_mismatch");
  });
});

describe("the template fullstack", () => {
  let project: Project;
  before(async () => {
    project = await Project.create("fullstack");
  });
  after(() => project[Symbol.asyncDispose]());

  test("without a secret, Better Auth does not start, and the edge accepts no token", async () => {
    await using api = await serve(() => ({ body: { ok: true } }));
    const variables = { BETTER_AUTH_URL: SITE, ORIGIN_URL: api.url };
    await using edge = await project.dev(() => variables);
    assert.equal((await signUp(edge.url, "ada")).status, 500);
    const claims = { iss: SITE, aud: SITE, sub: "ada", exp: Math.floor(Date.now() / 1000) + 60 };
    const forged = token(newSigner("EdDSA"), claims);
    assert.equal(await ask(`${edge.url}/api/ada/tasks`, forged), "503 keys_unavailable");
  });

  test("its setup writes secrets for their owner only, and no second time", async () => {
    assert.match(await project.script("setup"), /wrote \.dev\.vars/);
    const written = await project.read(".dev.vars");
    assert.match(written, /^BETTER_AUTH_SECRET='.{44}'\nEDGE_SIGNING_KEY='\{.*"d":.*\}'\n$/);
    assert.equal((await stat(join(project.path, ".dev.vars"))).mode & 0o777, 0o600);
    assert.match(await project.script("setup"), /No migrations to apply/);
    assert.equal(await project.read(".dev.vars"), written);
  });

  test("it deploys", async (context) => {
    const size = uploadSize(await project.wrangler("deploy", "--dry-run"));
    context.diagnostic(`${size} KiB, gzipped`);
    assert(size < MOST_KIB);
  });

  describe("on a developer's machine", () => {
    let api: TestServer;
    let edge: { url: string } & AsyncDisposable;
    before(async () => {
      api = await serve(() => ({ body: { ok: true } }));
      edge = await project.dev(() => ({ BETTER_AUTH_URL: SITE, ORIGIN_URL: api.url }));
    });
    after(async () => {
      await edge[Symbol.asyncDispose]();
      await api[Symbol.asyncDispose]();
    });

    test("users sign up at Better Auth, and reach their own paths of the API", async () => {
      const { status, body } = await health(edge.url);
      assert.deepEqual([status, body.rules, body.isolating_rules], [200, 2, 1]);
      assert.equal(await ask(`${edge.url}/api/ada/tasks`), "401 missing_token");

      const ada = await signedUp(edge.url, "ada");
      const bob = await signedUp(edge.url, "bob");
      const forged = { "x-edge-user": bob.id };
      assert.equal(await ask(`${edge.url}/api/${ada.id}/tasks`, ada.token, forged), "200");
      assert.equal(api.requests.at(-1)?.headers["x-edge-user"], ada.id);
      const { sub, claims } = await assertionAt(api, edge.url, SITE);
      assert.equal(sub, ada.id);
      // the owner has not confirmed the email address
      const { name, ...others } = claims as { name?: string; email?: string };
      assert.deepEqual([name, "email" in others], ["ada", false]);
      const before = api.requests.length;
      assert.equal(await ask(`${edge.url}/api/${bob.id}/tasks`, ada.token), "403 user_mismatch");
      assert.equal(api.requests.length, before);

      const signedOut = await callAuth(edge.url, "sign-out", { cookie: ada.cookie, body: {} });
      assert.equal(signedOut.status, 200);
      const own = () => ask(`${edge.url}/api/${ada.id}/tasks`, ada.token);
      await until(async () => (await own()) !== "200");
      assert.equal(await own(), "401 session_revoked");
      assert.equal(await ask(`${edge.url}/api/${bob.id}/tasks`, bob.token), "200");
    });

    test("the page may run its own scripts only", async () => {
      const page = await fetch(edge.url);
      assert.equal(page.status, 200);
      assert.match(await page.text(), /<script type="module" src="app\.js">/);
      assert.match(page.headers.get("content-security-policy") ?? "", /^default-src 'self';/);
      assert.equal((await fetch(`${edge.url}/app.js`)).status, 200);
    });
  });

  test("an API that is a Worker gets the requests by a service binding", async () => {
    const shown = await project.read("wrangler.jsonc");
    const bound = shown.replace(/^ *\/\/ ("services": .*)$/m, "$1");
    assert.notEqual(bound, shown);
    await project.write("wrangler.jsonc", bound);
    const other = await addWorker(project, "my-api", API);
    await using edge = await project.dev(
      () => ({ BETTER_AUTH_URL: SITE, ORIGIN_URL: "https://my-api.example" }),
      ...["--config", "wrangler.jsonc", ...other],
    );
    const ada = await signedUp(edge.url, "ada-of-workers");
    const headers = { authorization: `Bearer ${ada.token}` };
    const response = await fetch(`${edge.url}/api/${ada.id}/tasks`, { headers });
    assert.deepEqual(await response.json(), {
      url: `https://my-api.example/api/${ada.id}/tasks`,
      user: ada.id,
    });
    assert.equal(await ask(`${edge.url}/api/bob/tasks`, ada.token), "403 user_mismatch");
  });
});

/** What the API of a test responds with, as a Worker. */
const API = `({ url, user: headers.get("x-edge-user") })`;

/** Writes a Worker that responds with JSON. Returns the option that names its configuration. */
async function addWorker(project: Project, name: string, body: string): Promise<string[]> {
  const code = `export default { fetch: ({ url, headers }) => Response.json(${body}) };\n`;
  const config = { name, main: `${name}.js`, compatibility_date: "2026-11-01" };
  await project.write(`${name}.js`, code);
  await project.write(`${name}.json`, JSON.stringify(config));
  return ["--config", `${name}.json`];
}

function callAuth(
  edge: string,
  path: string,
  { cookie = "", body }: { cookie?: string; body?: object },
) {
  return fetch(`${edge}/api/auth/${path}`, {
    method: body ? "POST" : "GET",
    headers: { "content-type": "application/json", origin: SITE, cookie },
    body: body ? JSON.stringify(body) : null,
  });
}

function signUp(edge: string, name: string) {
  const body = { name, email: `${name}@example.com`, password: "analytical engine" };
  return callAuth(edge, "sign-up/email", { body });
}

/** A new user, with a session and a token. */
async function signedUp(edge: string, name: string) {
  const response = await signUp(edge, name);
  assert.equal(response.status, 200, await response.clone().text());
  const { user } = await response.json();
  const cookie = cookiesOf(response);
  const issued = await callAuth(edge, "token", { cookie });
  assert.equal(issued.status, 200);
  const { token } = await issued.json();
  return { id: user.id as string, cookie, token: token as string };
}

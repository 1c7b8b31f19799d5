/**
 * A new user's first steps: the quick starts of README.md and of the Compose file, each from an
 * empty folder, with the packed packages and neither cargo nor the repository:
 * `cargo xtask test newcomer`.
 */
import assert from "node:assert/strict";
import { copyFile, cp, mkdir, readdir, readFile, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parse } from "smol-toml";
import { fetchToken, type SignedIn, signIn } from "../../../examples/fullstack/auth/test/client.ts";
import type { RunningServer } from "../../../examples/fullstack/auth/test/server.ts";
import { startAuthServer } from "../better-auth.ts";
import { composeUp } from "../docker.compose.ts";
import { blocksOf, ROOT } from "../documents.ts";
import { nextProject } from "../init-projects.ts";
import { closedUrl, until } from "../servers.ts";
import { type Place, shell } from "../shell.process.ts";
import { type Machine, machine } from "./machine.ts";
import { Minutes } from "./minutes.ts";
import { play, quickStart } from "./quick-start.ts";

/** The directory of the packed npm package, and of the wheel in `wheels`. */
const PACKAGES = process.env.PACKAGES ?? join(ROOT, "target/newcomer");
const NODES = { "Node 20": process.env.NODE_20 ?? "", "Node 24": process.env.NODE_24 ?? "" };
type NodeName = keyof typeof NODES;

const minutes = new Minutes(Object.keys(NODES));
let machines: Record<NodeName, Machine>;
let auth: RunningServer;
let ada: SignedIn;
let token: string;
/** The folder of the README's FastAPI app. */
let api: Place;

before(async () => {
  machines = {
    "Node 20": await machine(NODES["Node 20"]),
    "Node 24": await machine(NODES["Node 24"]),
  };
  auth = await startAuthServer();
  const credentials = { email: "ada@example.com", password: "analytical engine", name: "Ada" };
  ada = await signIn(auth.url, "/api/auth/sign-up/email", credentials);
  token = await fetchToken(auth.url, ada.sessionToken);
});

after(async () => {
  await auth.stop();
  for (const each of Object.values(machines)) await each[Symbol.asyncDispose]();
  console.log(minutes.table());
});

test("the user has Node, npm and Python, and neither cargo nor Rust", async () => {
  for (const [name, { env }] of Object.entries(machines)) {
    const place = { cwd: tmpdir(), env };
    assert.match(await shell(place, "node --version"), new RegExp(`^v${name.slice(5)}\\.`));
    await shell(place, "npm --version && npx --version && python3 --version");
    for (const program of ["cargo", "rustc", "rustup"]) {
      await assert.rejects(shell(place, `command -v ${program}`), program);
    }
  }
});

test("FastAPI without an edge", async () => {
  const url = await closedUrl();
  api = await machines["Node 24"].folder("api");
  await addPackages(api.cwd, "wheels");
  const stop = minutes.start("FastAPI without an edge", "Node 24");
  const steps = quickStart("FastAPI", "Without an edge");
  await using _app = await playAt(api, steps, { url, api: url });
  await assertProtects(url);
  stop();
});

for (const [subsection, name] of [
  ["On your machine", "Node 20"],
  ["On your machine", "Node 24"],
  ["On your own server", "Node 20"],
  ["On your own server", "Node 24"],
  ["On Cloudflare", "Node 24"],
] as const) {
  test(`the Worker: ${subsection}, ${name}`, async () => {
    const urls = { url: await closedUrl(), api: await closedUrl() };
    const place = await machines[name].folder(subsection.toLowerCase().replaceAll(" ", "-"));
    await addPackages(place.cwd);
    await using _api = await startApi(urls);
    const stop = minutes.start(`Worker: ${subsection}`, name);
    const steps = quickStart("Worker", subsection);
    await using _edge = await playAt(place, steps, urls);
    await assertProtects(urls.url);
    stop();
    if (subsection === "On your own server") await assertKept(place, steps.at(-1)?.text ?? "");
    const shown = steps.filter(({ language }) => language === "toml");
    assert.equal(shown.length, 1);
    for (const { text } of shown) {
      const written = await readFile(join(place.cwd, "wrangler.toml"), "utf8");
      assert.deepEqual(rules(written).slice(0, 1), rules(text));
    }
  });
}

test("Next.js", async () => {
  // the user has an application already
  await using made = await nextProject("--typescript");
  await shell({ cwd: made.path, env: machines["Node 24"].env }, "npm install");
  for (const name of ["Node 20", "Node 24"] as const) {
    const urls = { url: await closedUrl(), api: await closedUrl() };
    const place = await machines[name].folder("next");
    await cp(made.path, place.cwd, { recursive: true, verbatimSymlinks: true });
    await addPackages(place.cwd);
    await using _api = await startApi(urls, "http://localhost:3000");
    const stop = minutes.start("Next.js", name);
    await using _edge = await playAt(place, quickStart("Next.js"), urls);
    await assertProtects(urls.url);
    stop();
  }
});

test("the Compose file", async () => {
  const name = "Node 24";
  const place = await machines[name].folder("docker");
  const { cwd: images } = await machines[name].folder("images");
  const [copied, start, request] = blocksOf("examples/docker/README.md", await page()).filter(
    ({ language }) => language === "sh",
  );
  assert.match(copied?.text ?? "", /^cp -r \S+\/examples\/docker docker$/m);
  await cp(join(ROOT, "examples/docker"), place.cwd, { recursive: true });
  await addPackages(place.cwd, "wheels");
  const stop = minutes.start("Compose file", name);
  const [commands = "", up] = start?.text.split(/^(?=docker )/m) ?? [];
  assert.equal(up, "docker compose up --build --wait\n");
  const masks = (await shell(place, `umask\n${commands}umask`)).trim().split("\n");
  assert.equal(masks.at(-1), masks[0], "the user's own umask stays");
  await assertOwnersOnly(join(place.cwd, ".env"));
  const secrets = await readFile(join(place.cwd, ".env"), "utf8");
  await shell(place, commands);
  assert.equal(await readFile(join(place.cwd, ".env"), "utf8"), secrets);
  await using services = await composeUp(place.cwd, images, place.env);
  const { localize } = services;
  const script = `${localize(request?.text ?? "")}echo "\n$USER_ID\n$TOKEN"`;
  const [output, id = "", jwt = ""] = (await shell(place, script)).split("\n");
  assert.equal(output, `["a task of ${id}"]`, services.log());
  const [edge, authUrl] = ["http://edge:8787", "http://auth:3000"].map(localize);
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(edge + path, { headers });
    return `${response.status} ${(await response.json()).code ?? ""}`.trim();
  };
  const authorization = `Bearer ${jwt}`;
  assert.equal(await get(`/api/${id}/tasks`, { authorization }), "200");
  assert.equal(await get("/api/bob/tasks", { authorization }), "403 user_mismatch");
  assert.equal(await get(`/api/${id}/tasks`), "401 missing_token");
  assert.equal((await fetch(`${localize("http://api:8000")}/api/${id}/tasks`)).status, 401);
  stop();
  const jar = await readFile(join(place.cwd, "cookies.txt"), "utf8");
  const [, cookie = ""] = /\t(better-auth\.session_token\t\S+)/.exec(jar) ?? [];
  const headers = { cookie: cookie.replace("\t", "="), origin: String(authUrl) };
  const signOut = `${authUrl}/api/auth/sign-out`;
  assert.equal((await fetch(signOut, { method: "POST", headers })).status, 200);
  const isRefused = async () =>
    (await get(`/api/${id}/tasks`, { authorization })) === "401 session_revoked";
  await until(isRefused);
});

function page(): Promise<string> {
  return readFile(join(ROOT, "examples/docker/README.md"), "utf8");
}

/** Puts the packed packages where the section Install puts them. */
async function addPackages(directory: string, wheels?: string): Promise<void> {
  const names = await readdir(PACKAGES);
  const tarball = names.find((name) => /^better-auth-edge-[\d.]+\.tgz$/.test(name)) ?? "";
  await copyFile(join(PACKAGES, tarball), join(directory, tarball));
  if (wheels === undefined) return;
  await mkdir(join(directory, wheels), { recursive: true });
  const found = (await readdir(join(PACKAGES, "wheels"))).filter((name) => name.endsWith(".whl"));
  assert.equal(found.length, 1, `${found}`);
  for (const name of found) {
    await copyFile(join(PACKAGES, "wheels", name), join(directory, wheels, name));
  }
}

/** The commands before the server's keep the signing key that the first start has made. */
async function assertKept(place: Place, text: string): Promise<void> {
  const path = join(place.cwd, "edge-signing-key.json");
  await assertOwnersOnly(path);
  assert.match(await readFile(join(place.cwd, ".gitignore"), "utf8"), /^edge-signing-key\.json$/m);
  const key = await readFile(path, "utf8");
  const [commands = ""] = /^test -s .*?^\)$/ms.exec(text) ?? [];
  assert.notEqual(commands, "");
  await shell(place, commands);
  assert.equal(await readFile(path, "utf8"), key);
}

async function assertOwnersOnly(path: string): Promise<void> {
  assert.equal((await stat(path)).mode & 0o777, 0o600);
}

interface Urls {
  /** Of the edge, or of FastAPI without an edge. */
  url: string;
  api: string;
}

/** Plays a quick start whose servers listen at these URLs. */
async function playAt(place: Place, steps: ReturnType<typeof quickStart>, urls: Urls) {
  const port = new URL(urls.url).port;
  Object.assign(place.env, { PORT: port, UVICORN_PORT: port });
  const versions = await pinned();
  const adapt = (text: string) =>
    withUrls(text, urls)
      // a new version must not fail the tests
      .replaceAll(/(?<=npm install.* )(wrangler|workerd)$/gm, (name) => `${name}@${versions[name]}`)
      .replaceAll(/wrangler dev$/gm, `$& --ip 127.0.0.1 --port ${port} --inspector-port 0`)
      .replaceAll(/npm run dev$/gm, "$& -- --hostname 127.0.0.1")
      // what needs an account at Cloudflare
      .replaceAll(/wrangler deploy$/gm, "$& --dry-run")
      .replaceAll(/ \| npx wrangler secret put EDGE_SIGNING_KEY$/gm, "");
  return play(place, steps, { adapt, isReady: () => requiresToken(urls.url) });
}

/** The text with the URLs of the test's servers. The edge's issuer is a name, at any address. */
function withUrls(text: string, { url, api }: Urls): string {
  const local: Record<string, string> = { 3000: auth.url, 8000: api, 8787: url };
  return text.replaceAll(
    /(?<!EDGE_ISSUER=)http:\/\/localhost:(3000|8000|8787)\b/g,
    (_, port) => local[port] ?? "",
  );
}

async function pinned(): Promise<Record<string, string>> {
  return JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")).devDependencies;
}

/** Starts the README's app behind an edge. */
function startApi(urls: Urls, issuer?: string): Promise<AsyncDisposable> {
  const [start] = quickStart("FastAPI", "Behind the edge").slice(-1);
  assert.match(start?.text ?? "", /EDGE_ISSUER=.*uvicorn main:app$/ms);
  const env = { ...api.env, UVICORN_PORT: new URL(urls.api).port };
  const adapt = (text: string) =>
    withUrls(text, urls).replace(/(?<=EDGE_ISSUER=)\S+/, (own) => issuer ?? own);
  const playing = { adapt, isReady: () => requiresToken(urls.api) };
  return play({ ...api, env }, start ? [start] : [], playing);
}

/** The first rules of a Worker. */
function rules(toml: string): unknown[] {
  const { vars } = parse(toml) as { vars: { ROUTES: unknown[] } };
  return vars.ROUTES;
}

const tasks = (id: string) => `/api/${id}/tasks`;

async function requiresToken(url: string): Promise<boolean> {
  const response = await fetch(url + tasks(ada.user.id)).catch(() => undefined);
  return response?.status === 401;
}

/** The user's path, another user's, and a request without a token. */
async function assertProtects(url: string): Promise<void> {
  const ask = async (id: string, headers: Record<string, string> = {}) => {
    const response = await fetch(url + tasks(id), { headers });
    const body = await response.json();
    return response.ok ? body : `${response.status} ${body.code}`;
  };
  const authorization = `Bearer ${token}`;
  assert.deepEqual(await ask(ada.user.id, { authorization }), [`a task of ${ada.user.id}`]);
  assert.equal(await ask("bob", { authorization }), "403 user_mismatch");
  assert.equal(await ask(ada.user.id), "401 missing_token");
}

/** `init`, and then what it wrote: the Worker under wrangler, FastAPI, and a real Better Auth. */
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { fetchToken, type SignedIn, signIn } from "../../examples/fullstack/auth/test/client.ts";
import type { RunningServer } from "../../examples/fullstack/auth/test/server.ts";
import { startAuthServer } from "./better-auth.ts";
import { PACKAGE } from "./hosts/bundle.ts";
import { type Project, project, UV_PROJECT } from "./init-projects.ts";
import { install } from "./install.ts";
import { closedUrl, until } from "./servers.ts";

const execute = promisify(execFile);
const ROOT = join(PACKAGE, "..");
const PYTHON = process.env.PYTHON ?? join(ROOT, ".venv/bin/python");

let auth: RunningServer;
let ada: SignedIn;
let token: string;

before(async () => {
  auth = await startAuthServer();
  const credentials = { email: "ada@example.com", password: "analytical engine", name: "Ada" };
  ada = await signIn(auth.url, "/api/auth/sign-up/email", credentials);
  token = await fetchToken(auth.url, ada.sessionToken);
});
after(() => auth.stop());

test("the written Worker bundles and isolates users in front of the written FastAPI side", async () => {
  const [api, edge] = [await closedUrl(), await closedUrl()];
  await using made = await project(UV_PROJECT);
  const flags = ["--auth", auth.url, "--api", api, "--edge-url", edge, "--yes"];
  const { code, stdout } = await made.init(...flags);
  assert.equal(code, 0);
  await made.write("app/main.py", addSnippet(await made.read("app/main.py"), stdout));
  await install(join(made.path, "edge"));
  const bundled = await wrangler(made, "edge", ["deploy", "--dry-run", "--outdir", "bundle"]);
  assert.match(bundled, /Total Upload/);
  await using _worker = await start(await wranglerDev(made, edge), edge);
  await using _api = await start(uvicorn(made, "app.main:app", api), api);
  const own = `/api/${ada.user.id}/tasks`;
  const signedIn = { authorization: `Bearer ${token}` };
  assert.deepEqual(await get(edge + own, signedIn), [200, [`a task of ${ada.user.id}`]]);
  assert.equal((await get(`${edge}/api/bob/tasks`, signedIn))[0], 403);
  assert.equal((await get(edge + own))[0], 401);
  assert.equal((await get(api + own))[0], 401);
  assert.equal((await get(api + own, signedIn))[0], 401);
  assert.equal((await get(api + own, { "x-edge-user": ada.user.id }))[0], 401);
  const { stdout: again } = await made.init(...flags);
  assert.match(again, /✓ all settings are valid/);
  assert.match(again, /2 rules, 1 of which isolates users/);
});

test("without an edge, the written FastAPI side verifies the tokens itself", async () => {
  const api = await closedUrl();
  await using made = await project({ "requirements.txt": "fastapi\n" });
  assert.equal((await made.init("--auth", auth.url, "--yes")).code, 0);
  await using _api = await start(uvicorn(made, "main:app", api), api);
  const own = `${api}/api/${ada.user.id}/tasks`;
  assert.equal((await get(own))[0], 401);
  assert.equal((await get(own, { authorization: `Bearer ${token}` }))[0], 200);
  assert.equal((await get(`${api}/api/bob/tasks`, { authorization: `Bearer ${token}` }))[0], 403);
});

test("the written Python is formatted and typed", async () => {
  for (const files of [UV_PROJECT, { "requirements.txt": "fastapi\n" }]) {
    await using made = await project(files);
    await made.init("--auth", auth.url, "--yes");
    const sources = Object.keys(files).includes("uv.lock")
      ? ["app/edge_auth.py"]
      : ["edge_auth.py", "main.py"];
    const cwd = made.path;
    await execute(PYTHON, ["-m", "ruff", "check", "--select", "E,F,I,UP", ...sources], { cwd });
    await execute(PYTHON, ["-m", "ruff", "format", "--check", ...sources], { cwd });
    const mypy = ["-m", "mypy", "--strict", "--cache-dir", "/dev/null", ...sources];
    await execute(PYTHON, mypy, { cwd }).catch(({ stdout }) => assert.fail(stdout));
  }
});

/** Adds the lines that `init` shows for an existing app. */
function addSnippet(source: string, output: string): string {
  const [, shown = ""] = /Add to app\/main\.py.*?:\n((?: {6}.*\n|\n)+)/.exec(output) ?? [];
  const lines = shown.replaceAll(/^ {6}/gm, "");
  assert.match(lines, /auth\.install\(app\)/);
  return `${source}\n${lines}`;
}

/** A Node that wrangler supports. */
const NODE = process.env.NODE_FOR_WRANGLER ?? process.execPath;
const WRANGLER = join(ROOT, "node_modules/wrangler/bin/wrangler.js");

function wranglerEnvironment(made: Project): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: join(made.path, ".."),
    CI: "1",
    NO_COLOR: "1",
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_SEND_ERROR_REPORTS: "false",
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
  };
}

async function wrangler(made: Project, folder: string, args: string[]): Promise<string> {
  const options = { cwd: join(made.path, folder), env: wranglerEnvironment(made) };
  const { stdout } = await execute(NODE, [WRANGLER, ...args], options);
  return stdout;
}

async function wranglerDev(made: Project, url: string): Promise<ChildProcess> {
  const address = ["--ip", "127.0.0.1", "--port", new URL(url).port, "--inspector-port", "0"];
  return spawn(NODE, [WRANGLER, "dev", "--local", ...address], {
    cwd: join(made.path, "edge"),
    env: wranglerEnvironment(made),
    stdio: ["ignore", "ignore", "pipe"],
  });
}

function uvicorn(made: Project, app: string, url: string): ChildProcess {
  const { hostname, port } = new URL(url);
  const args = ["-m", "uvicorn", app, "--host", hostname, "--port", port];
  const { PATH, HOME } = process.env;
  return spawn(PYTHON, args, {
    cwd: made.path,
    env: { PATH, HOME, PYTHONDONTWRITEBYTECODE: "1" },
    stdio: ["ignore", "ignore", "pipe"],
  });
}

/** Waits until the process serves the URL; the disposal ends it. */
async function start(child: ChildProcess, url: string): Promise<AsyncDisposable> {
  let log = "";
  child.stderr?.on("data", (chunk) => {
    log += chunk;
  });
  await until(async () => {
    assert.equal(child.exitCode, null, log);
    return fetch(url).then(
      () => true,
      () => false,
    );
  });
  return {
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null && child.kill()) await once(child, "exit");
    },
  };
}

async function get(url: string, headers: Record<string, string> = {}): Promise<[number, unknown]> {
  const response = await fetch(url, { headers });
  return [response.status, await response.json()];
}

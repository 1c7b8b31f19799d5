/** The skill works as it says: with a real Better Auth, FastAPI and Worker. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { SECRET } from "./better-auth.ts";
import { startWorker } from "./cli.worker.ts";
import { start } from "./plugin.setup.ts";
import { forward, serve, type TestServer } from "./servers.ts";
import { type Block, Project, readBlocks, SKILL } from "./skills.process.ts";

const TOKENS = "references/tokens.md";
const TESTING = "references/testing.md";
const EDGE = "references/edge.md";
const PAGES = ["SKILL.md", TOKENS, TESTING, EDGE];

let blocks: Block[];
let project: Project;
let auth: { url: string } & AsyncDisposable;
/** Where clients reach the API: each FastAPI has another port. */
let api: TestServer;
let fastapi = "";

before(async () => {
  blocks = await readBlocks(PAGES);
  project = await Project.create();
  api = await serve((request) => forward(fastapi, request));
  for (const { file, text } of blocks.filter(({ file }) => file?.startsWith("auth"))) {
    await project.write(file ?? "", text);
  }
  auth = await project.startAuth("auth.ts");
  for (const { file, text } of blocks) if (file) await project.write(file, located(text));
});

after(async () => {
  await auth[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
  await project[Symbol.asyncDispose]();
});

/** The one block of a page that contains the text. The last test requires that all are taken. */
function take(page: string, part: string): Block {
  const found = blocks.filter((block) => block.page === page && block.text.includes(part));
  assert.equal(found.length, 1, `${found.length} blocks of ${page} contain ${part}`);
  const [block] = found as [Block];
  block.isUsed = true;
  return block;
}

/** A text with the URLs of this test in place of the examples'. */
function located(text: string, urls: Record<number, string> = {}): string {
  const all = { 3000: auth.url, 8000: api.url, ...urls };
  return Object.entries(all).reduce(
    (before, [port, url]) => before.replaceAll(`http://localhost:${port}`, url),
    text,
  );
}

/** Runs the command that contains the text. It must succeed, and print what the block says. */
async function runs(page: string, part: string, urls: Record<number, string> = {}): Promise<void> {
  const { text } = take(page, part);
  const { code, output } = await project.run(located(text, urls));
  assert.equal(code, 0, `${text}\n${output}`);
  const [, expected] = /^# prints: (.+)$/m.exec(text) ?? [];
  if (expected === undefined) return;
  const shown = output.replace(/\s+/g, " ");
  assert.ok(shown.includes(located(expected, urls)), `${expected} is not in: ${output}`);
}

/** Starts FastAPI by the command of the page, on a free port. */
async function startFastAPI(page: string, urls: Record<number, string> = {}) {
  const { text } = take(page, "uvicorn");
  assert.match(text, / --port 8000\n$/);
  const command = located(text.trim().replace("--port 8000", "--port 0"), urls);
  const server = await project.start(command, /Uvicorn running on (\S+)/);
  fastapi = server.url;
  return server;
}

/** Runs a module of the project, whose `fetch` sends the cookies of the session to Better Auth. */
async function runAsPage(source: string): Promise<string> {
  const url = JSON.stringify(auth.url);
  const signIn = `
    const { fetch } = globalThis;
    const body = JSON.stringify({ email: "ada@example.com", password: process.env.TEST_PASSWORD });
    const headers = { "content-type": "application/json", origin: ${url} };
    const signedIn = await fetch(${url} + "/api/auth/sign-in/email", { method: "POST", headers, body });
    const cookie = signedIn.headers.getSetCookie().map((value) => value.split(";")[0]).join("; ");
    globalThis.fetch = (input, init = {}) => {
      const request = new Request(input, init);
      if (request.url.startsWith(${url})) request.headers.set("cookie", cookie);
      return fetch(request);
    };
  `;
  await project.write("page.ts", signIn + source);
  const { code, output } = await project.run(`${project.node} page.ts`);
  assert.equal(code, 0, output);
  return output.trim();
}

/** Signs a test user in by the skill's script, and returns the JWT. */
async function newToken(): Promise<string> {
  const command = 'node "$SKILL/scripts/token.mjs" http://localhost:3000 ada@example.com --sign-up';
  const { code, output } = await project.run(located(command));
  assert.equal(code, 0, output);
  return output.trim();
}

/** The code of the API's response to a request with this token. */
async function codeFor(token: string): Promise<string> {
  const response = await fetch(`${api.url}/api/me`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return response.ok ? "ok" : (await response.json()).code;
}

test("the front matter has the form of a skill", async () => {
  const text = await readFile(join(SKILL, "SKILL.md"), "utf8");
  const [, matter = ""] = /^---\n(.*?)\n---\n/s.exec(text) ?? [];
  const members = Object.fromEntries(
    matter.split("\n").map((line) => [line.split(": ")[0], line.slice(line.indexOf(": ") + 2)]),
  );
  assert.deepEqual(Object.keys(members), ["name", "description", "license", "compatibility"]);
  assert.equal(members.name, basename(SKILL));
  assert.match(members.description ?? "", /\bUse when\b/);
  assert.ok((members.description ?? "").length <= 1024);
  assert.ok((members.compatibility ?? "").length <= 500);
  // YAML would read these as more than text
  assert.doesNotMatch(Object.values(members).join("\n"), /: | #/);
  assert.ok(text.split("\n").length < 500);
  const files = (await readdir(join(SKILL, "references"))).map((name) => `references/${name}`);
  assert.deepEqual(files.sort(), PAGES.slice(1).sort());
  for (const file of files) assert.ok(text.includes(`(${file})`), `SKILL.md does not name ${file}`);
});

test("the command of the documentation adds the skill to a project", async () => {
  const page = await readFile(new URL("../../docs/assistants.md", import.meta.url), "utf8");
  const [, commands = ""] = /^```sh\n(.*?)^```$/ms.exec(page) ?? [];
  assert.match(commands, /\.\.\/better-auth-edge\/skills/);
  const clone = join(SKILL, "../..");
  const { code, output } = await project.run(commands.replace("../better-auth-edge", clone));
  assert.equal(code, 0, output);
  const copy = await project.read(".agents/skills/better-auth-fastapi/scripts/check.mjs");
  assert.equal(copy, await readFile(join(SKILL, "scripts/check.mjs"), "utf8"));
});

test("the TypeScript of the skill compiles", async () => {
  const files = blocks.flatMap(({ language, file }) => (language === "ts" ? [file ?? ""] : []));
  assert.deepEqual(files, ["auth.ts", "api.ts", "tasks.ts", "auth-uuid.ts"]);
  const tsc = createRequire(import.meta.url).resolve("typescript/package.json");
  const program = join(tsc, "../bin/tsc");
  const options =
    "--strict --noEmit --skipLibCheck --target es2022 --module esnext --moduleResolution bundler --types node";
  const { code, output } = await project.run(`node "${program}" ${options} ${files.join(" ")}`);
  assert.equal(code, 0, output);
});

test("the packages are installed as the documentation says", async () => {
  const install = await readFile(new URL("../../docs/install.md", import.meta.url), "utf8");
  // compiling takes minutes; the release's test installs the package into an empty environment
  assert.ok(install.includes(take("SKILL.md", "pip install").text));
  const { text } = take("SKILL.md", "npm pack");
  assert.ok(install.includes(text));
  const command = text.replace("../better-auth-edge", join(SKILL, "../.."));
  const setUp = "mkdir new && cd new && echo '{}' > package.json";
  const { code, output } = await project.run(`${setUp}\n${command}npx better-auth-edge --version`);
  assert.equal(code, 0, output);
  assert.match(output, /^\d+\.\d+\.\d+$/m);
});

test("step 1: Better Auth with jwt() issues tokens that verify accepts", async () => {
  take("SKILL.md", "// auth.ts");
  await runs("SKILL.md", "--sign-up");
  await runs("SKILL.md", "npx better-auth-edge jwks");
  await runs("SKILL.md", "--json");
});

test("step 1: the migration creates the table of keys", async () => {
  const { text } = take("SKILL.md", "migrate");
  // that program is not installed here; it calls this function with the options of auth.ts
  assert.equal(text, "npx auth@latest migrate\n");
  const example = new URL("../../examples/fullstack/auth/package.json", import.meta.url);
  const { resolve } = createRequire(example);
  const names = ["@libsql/client", "@libsql/kysely-libsql"];
  const [client, dialect] = names.map((name) => JSON.stringify(resolve(name)));
  await project.write(
    "migrate.ts",
    `
    import { getMigrations } from "better-auth/db/migration";
    import { auth } from "./auth.ts";
    const { createClient } = await import(${client});
    const { LibsqlDialect } = await import(${dialect});
    const client = createClient({ url: "file:migrated.db" });
    const database = { dialect: new LibsqlDialect({ client }), type: "sqlite" };
    const migrations = await getMigrations({ ...auth.options, database });
    await migrations.runMigrations();
    const { rows } = await client.execute("select name from sqlite_master where type = 'table'");
    console.log("tables: " + rows.map(({ name }) => name).join(" "));
    process.exit();
  `,
  );
  const { code, output } = await project.run(
    `BETTER_AUTH_URL=${auth.url} ${project.node} migrate.ts`,
  );
  assert.equal(code, 0, output);
  assert.match(output, /tables: .*\bjwks\b/);
});

test("steps 2 and 3: FastAPI admits users to their own paths, and the web app calls it", async () => {
  for (const file of ["# main.py", "// api.ts", "// tasks.ts"]) take("SKILL.md", file);
  await using _server = await startFastAPI("SKILL.md");
  await runs("SKILL.md", "check.mjs");
  await runs("SKILL.md", "curl");
  const output = await runAsPage(`
    const { loadTasks } = await import("./tasks.ts");
    console.log((await loadTasks()).join());
  `);
  assert.match(output, /^a task of \w{32}$/);
});

test("a UUID of the application can be the user's id", async () => {
  take(TOKENS, "// auth-uuid.ts");
  await using other = await project.startAuth("auth-uuid.ts");
  await using _server = await startFastAPI(TOKENS, { 3000: other.url });
  await runs(TOKENS, "check.mjs", { 3000: other.url });
});

test("the tests of the reference pass", async () => {
  take(TESTING, "# test_main.py");
  await runs(TESTING, "-m pytest");
});

test("an edge in front of FastAPI passes its checks", async () => {
  let worker = "";
  await using edge = await serve((request) => forward(worker, request));
  const urls = { 8787: edge.url };
  const { text } = take(EDGE, "# wrangler.toml");
  await runs(EDGE, ".dev.vars", urls);
  const [, key = ""] = /^EDGE_SIGNING_KEY='(.*)'$/m.exec(await project.read(".dev.vars")) ?? [];
  // A Worker of the npm package and `init` belong here: let them serve these settings, once the
  // reference names them.
  await project.write("wrangler.toml", located(text, urls));
  await project.write("vars.py", READ_VARS);
  const parsed = await project.run("python vars.py");
  const vars = JSON.parse(parsed.output);
  await using running = await startWorker({ ...vars, EDGE_SIGNING_KEY: key, LOG_LEVEL: "error" });
  worker = running.url;
  const main = await project.read("main.py");
  await project.write("main.py", main.replace(/^app\.add_middleware\(.*?^\)$/ms, ""));
  try {
    await using _server = await startFastAPI(EDGE, urls);
    await runs(EDGE, "doctor", urls);
    await runs(EDGE, "check.mjs", urls);
    await runs(EDGE, "X-Edge-User", urls);
  } finally {
    await project.write("main.py", main);
  }
});

test("what not to do fails as the skill says", async () => {
  await using server = await project.start(
    `BETTER_AUTH_URL=${auth.url} uvicorn main:app --port 0`,
    /Uvicorn running on (\S+)/,
  );
  fastapi = server.url;
  const token = await newToken();
  const [header = "", payload] = token.split(".");
  assert.equal(JSON.parse(Buffer.from(header, "base64url").toString()).alg, "EdDSA");
  assert.equal(await codeFor(token), "ok");

  const shared = Buffer.from('{"alg":"HS256"}').toString("base64url");
  const signature = createHmac("sha256", SECRET).update(`${shared}.${payload}`).digest("base64url");
  assert.equal(await codeFor(`${shared}.${payload}.${signature}`), "unsupported_algorithm");

  const output = await runAsPage(`
    const { authClient } = await import("./api.ts");
    const session = await authClient.getSession();
    const { data } = await authClient.token();
    const unknown = [await authClient.useToken(), await authClient.useJwt()];
    console.log(JSON.stringify({
      type: typeof authClient.token,
      token: data.token,
      session: session.data.session.token,
      statuses: unknown.map(({ error }) => error.status),
    }));
  `);
  const page = JSON.parse(output);
  assert.deepEqual([page.type, page.statuses], ["function", [404, 404]]);
  assert.equal(await codeFor(page.token), "ok");
  assert.equal(await codeFor(page.session), "opaque_token");
  assert.equal(await codeFor("undefined"), "malformed_token");
});

test("options that the skill warns of have the effect that it describes", async () => {
  let calls = 0;
  const callback = () => {
    calls++;
  };
  const callbacks = { jwt: callback, session: callback };
  await using other = await start({
    isPlain: true,
    callbacks,
    jwtOptions: { jwt: { expirationTime: 900 } },
  });
  const signedUp = await other.call("/sign-up/email", {
    body: { email: "ada@example.com", password: "analytical engine", name: "Ada" },
  });
  const cookie = signedUp.headers
    .getSetCookie()
    .map((value) => value.split(";")[0])
    .join("; ");
  const { token } = await (await other.done("/token", { cookie })).json();
  const verify = `npx better-auth-edge verify --base-url ${other.url} --json`;
  const { code, output } = await project.run(verify, token);
  assert.deepEqual([code, JSON.parse(output).code], [1, "expired"]);
  assert.match(JSON.parse(output).times.exp, /^1970-01-01/);
  assert.equal(calls, 0);
});

test("check.mjs finds an API that admits a user to every path, and token.mjs a missing plugin", async () => {
  await using open = await serve(() => ({ body: {} }));
  const check = `node "$SKILL/scripts/check.mjs" '${open.url}/api/{user_id}/tasks'`;
  const { code, output } = await project.run(check, await newToken());
  assert.equal(code, 1);
  assert.match(output, /FAILED {2}another user's path is closed: 200/);
  assert.match(output, /1 of 5 checks passed/);

  await project.write(
    "auth-plain.ts",
    (await project.read("auth.ts")).replace("plugins: [jwt()],", "plugins: [],"),
  );
  await using plain = await project.startAuth("auth-plain.ts");
  const command = `node "$SKILL/scripts/token.mjs" ${plain.url} ada@example.com --sign-up`;
  const failed = await project.run(command);
  assert.equal(failed.code, 1);
  assert.match(failed.output, /token answered 404: does Better Auth have the plugin jwt/);
});

test("every code block of the skill has run", () => {
  const unused = blocks.filter(({ isUsed }) => !isUsed);
  assert.deepEqual(
    unused.map(({ page, text }) => `${page}: ${text}`),
    [],
  );
  assert.equal(blocks.length, 24);
});

/** Prints the variables of wrangler.toml. Python 3.10 has pytest's TOML parser only. */
const READ_VARS = `
import json
try:
    import tomllib
except ImportError:
    import tomli as tomllib
print(json.dumps(tomllib.load(open("wrangler.toml", "rb"))["vars"]))
`;

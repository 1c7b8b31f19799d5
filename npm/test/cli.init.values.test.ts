/** No value that a user or a repository gives becomes code in a file or a command of `init`. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { parse } from "smol-toml";
import { Arguments, UsageError } from "../src/cli/arguments.ts";
import { readGiven } from "../src/cli/init/answers.ts";
import { isPrintable } from "../src/cli/terminal.ts";
import { type Project, project, UV_PROJECT } from "./init-projects.ts";
import { NASTY } from "./nasty.ts";

const execute = promisify(execFile);
const SAFE = { auth: "http://127.0.0.1:9", api: "http://127.0.0.1:9" };

/** Names of folders, each of several nasty texts that a terminal can show. */
const FOLDERS = Array.from({ length: 6 }, (_, i) => {
  const texts = NASTY.filter((text) => isPrintable(text) && !text.includes("/"));
  return `x${texts.filter((_, j) => j % 6 === i).join("")}y`;
});

/** Values of an option, of which some are valid. */
const VALUES: Record<string, string[]> = {
  "--auth": ["http://127.0.0.1:9/it's", "http://127.0.0.1:9/~a/%27b", ...hosts("127.0.0.1:9")],
  "--api": ["http://127.0.0.1:9/$(id)", "http://my_api:8000", ...hosts("api.example:8000")],
  "--edge-url": ["http://edge_1.localhost:8790", "https://[::1]:8443", ...hosts("127.0.0.1:8790")],
  "--user-claim": [...NASTY, "https://example.com/uuid", "a:b", "a b"],
};

for (const [flag, values] of Object.entries(VALUES)) {
  test(`each value of ${flag} is rejected, or is in the files and commands as it is`, async () => {
    const accepted = values.filter((value) => isAccepted(flag, value));
    for (const value of accepted) {
      await using made = await project(UV_PROJECT);
      const flags = { "--auth": SAFE.auth, "--api": SAFE.api, [flag]: value };
      const args = Object.entries(flags).map(([name, text]) => `${name}=${text}`);
      const { code, stdout } = await made.init(...args, "--yes");
      assert.equal(code, 0, value);
      const wanted = flag === "--user-claim" ? value : urlOf(value);
      await assertWritten(made, { ...flags, [flag]: wanted });
      await assertCommands(made, stdout);
    }
    assert(accepted.length >= 2 && accepted.length < 20, accepted.join());
  });
}

test("the name of a project's folder is a word of each command", async () => {
  await using made = await project();
  for (const name of [...FOLDERS, "-x"]) {
    const { code, stdout } = await made.init(`--directory=${name}`, `--auth=${SAFE.auth}`, "--yes");
    assert.equal(code, 0, name);
    const [, line = ""] = /^ {6}(cd .*)$/m.exec(stdout) ?? [];
    await execute("sh", ["-ec", `${line}\ntest -f wrangler.toml`], { cwd: made.path });
    const settings = parse(await made.read(`${name}/wrangler.toml`));
    assert.match(String(settings.name), /^[a-z0-9-]+-edge$/);
  }
});

test("the name of an application's folder is a word of each command", async () => {
  for (const folder of FOLDERS) {
    await using made = await project({
      [`${folder}/requirements.txt`]: "fastapi\nuvicorn\n",
      [`${folder}/src/main.py`]: "from fastapi import FastAPI\napp = FastAPI()\n",
      "better_auth_edge-1$(touch x).whl": "",
    });
    const { code, stdout } = await made.init(`--auth=${SAFE.auth}`, "--yes");
    assert.equal(code, 0, folder);
    await assertCommands(made, stdout);
  }
});

test("a URL in the application's environment file is taken only if it is one", async () => {
  for (const [url, taken] of [
    ["http://127.0.0.1:9/auth", "http://127.0.0.1:9/auth"],
    ["http://$(id).example", "http://localhost:3000"],
    ["http://a`id`.example", "http://localhost:3000"],
    ["http://a.example/$(id)", "http://localhost:3000"],
  ]) {
    await using made = await project({ ".env": `BETTER_AUTH_URL=${url}\n` });
    const { stdout } = await made.init("--dry-run");
    assert(stdout.includes(`BETTER_AUTH_URL = "${taken}"\n`), url);
  }
});

/** URLs with each nasty text in the host. */
function hosts(host: string): string[] {
  return [`http://${host}`, ...NASTY.map((text) => `http://a${text}.${host}`)];
}

/** The URL as the standard's parser writes it, without a slash at the end. */
function urlOf(value: string): string {
  const { origin, pathname } = new URL(value);
  return origin + pathname.replace(/\/+$/, "");
}

/** Whether the option accepts the value, as the program decides; or says what is wrong. */
function isAccepted(flag: string, value: string): boolean {
  try {
    readGiven(new Arguments("", new Map([[flag.slice(2), [value]]])));
    return true;
  } catch (error) {
    assert(error instanceof UsageError);
    assert(error.message.startsWith(flag), error.message);
    return false;
  }
}

/** The files have exactly the values, and no other settings. */
async function assertWritten(made: Project, flags: Record<string, string>): Promise<void> {
  const claim = flags["--user-claim"] ?? "sub";
  const edgeUrl = flags["--edge-url"] ?? "http://localhost:8787";
  const settings = parse(await made.read("edge/wrangler.toml"));
  const isLocal = /localhost|127\.0\.0\.1|\[::1\]/.test(edgeUrl);
  // without the prototypes of the parser
  assert.deepEqual(JSON.parse(JSON.stringify(settings.vars)), {
    BETTER_AUTH_URL: flags["--auth"],
    ORIGIN_URL: flags["--api"],
    USER_CLAIM: claim,
    ...(isLocal ? {} : { EDGE_ISSUER: edgeUrl }),
    ROUTES: [
      { path: "/api/{user_id}/*", match: { user_id: claim } },
      { path: "/health", methods: ["GET"], auth: "public" },
    ],
  });
  assert.deepEqual(Object.keys(settings), ["name", "main", "compatibility_date", "vars"]);
  const issuer = isLocal ? edgeUrl : "http://localhost:8787";
  const audience = new URL(flags["--api"] ?? "").origin;
  const environment = (await made.read(".env")).split("\n").filter((line) => /^[^#]/.test(line));
  assert.deepEqual(environment, [
    "EDGE_AUTH_MODE=assertion",
    `EDGE_JWKS_URL=${issuer}`,
    `EDGE_ISSUER=${issuer}`,
    `EDGE_AUDIENCE=${audience}`,
  ]);
  JSON.parse(await made.read("edge/package.json"));
}

/** Each printed command starts one program, with words that a shell does not change. */
async function assertCommands(made: Project, output: string): Promise<void> {
  const lines = output.match(/^ {6}(npx|npm|uv|pip|uvicorn|cd) .*$/gm) ?? [];
  assert(lines.length > 2, output);
  const programs = 'npx() { printf \'%s\\n\' "$@"; }; npm() { npx "$@"; }; uv() { npx "$@"; }';
  const script = `${programs}; pip() { npx "$@"; }; uvicorn() { npx "$@"; }\n${lines.join("\n")}`;
  const { stdout, stderr } = await execute("sh", ["-euc", script], { cwd: made.path });
  assert.equal(stderr, "");
  assert.doesNotMatch(stdout, /uid=/);
  assert(!Object.keys(await made.snapshot()).includes("x"), "a command ran");
}

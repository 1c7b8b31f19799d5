/** `init`: what it writes and what it leaves alone. */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { createPrivateKey } from "node:crypto";
import { once } from "node:events";
import { lstat, mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { startAuthServer } from "./better-auth.ts";
import { PROGRAM, run } from "./cli.process.ts";
import { startWorker } from "./cli.worker.ts";
import { ANSWERS, git, project, RUNNER, UV_PROJECT } from "./init-projects.ts";

const execute = promisify(execFile);
const WORKER = [".dev.vars", ".gitignore", "package.json", "src", "src/index.ts", "wrangler.toml"];
const RECORD_FILE = ".better-auth-edge/init.json";
const RECORD = [".better-auth-edge", ".better-auth-edge/.gitignore", RECORD_FILE];

test("without a terminal and without flags, init names the flags and writes nothing", async () => {
  await using empty = await project();
  for (const args of [[], ["--auth", "https://app.example.com"]]) {
    const { code, stderr } = await empty.init(...args);
    assert.equal(code, 2);
    for (const flag of ["--auth", "--api", "--user-claim", "--yes", "--dry-run"]) {
      assert(stderr.includes(flag), flag);
    }
  }
  assert.deepEqual(await empty.snapshot(), {});
});

test("init rejects an answer that is not a URL, a claim or a place for the edge", async () => {
  await using empty = await project();
  for (const [args, message] of [
    [["--auth", "app.example.com"], /--auth is not a URL/],
    [["--auth", "https://ada:secret@app.example.com"], /--auth contains a user or a password/],
    [["--api", "https://api.example.com/?a=b"], /--api contains a query/],
    [["--api", `https://api.example.com/"'$(x)`], /--api has a path with unusual characters/],
    [["--auth", "http://$(id).example"], /--auth has a host with unusual characters/],
    [["--edge-url", `http://a"b.example`], /--edge-url has a host with unusual characters/],
    [["--api", "http://a\nb.example"], /--api is not a URL/],
    [["--directory", "a\nb"], /--directory has characters/],
    [["--user-claim", 'a"b'], /--user-claim is not the name of a claim/],
    [["--edge", "lambda"], /--edge is not worker, next or none/],
    [["--edge", "next"], /requires a Next\.js application/],
    [["--edge", "none"], /requires a FastAPI application/],
    [["--edge-url", "https://edge.example.com/x"], /--edge-url contains a path/],
  ] as const) {
    const { code, stderr } = await empty.init(...args, "--yes");
    assert.equal(code, 2, args.join(" "));
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /secret/);
  }
  assert.deepEqual(await empty.snapshot(), {});
});

test("--dry-run shows each file and writes none", async () => {
  await using empty = await project();
  const { code, stdout } = await empty.init("--auth", "https://app.example.com", "--dry-run");
  assert.equal(code, 0);
  assert.match(stdout, /BETTER_AUTH_URL = "https:\/\/app\.example\.com"/);
  assert.match(stdout, /better-auth-edge\/worker/);
  assert.deepEqual(await empty.snapshot(), {});
});

test("an empty folder becomes a Worker whose key its owner alone reads and git ignores", async () => {
  await using empty = await project();
  await git(empty, "init");
  const { code, stdout, stderr } = await empty.init(...ANSWERS);
  assert.deepEqual([code, stderr], [0, ""]);
  assert.deepEqual(Object.keys(await empty.snapshot()).sort(), [...RECORD, ...WORKER].sort());
  const secrets = await empty.read(".dev.vars");
  const [, text = ""] = /^EDGE_SIGNING_KEY='(.*)'$/m.exec(secrets) ?? [];
  const key = JSON.parse(text);
  assert.equal(createPrivateKey({ key, format: "jwk" }).asymmetricKeyType, "ed25519");
  assert(!stdout.includes(key.d), "the key is printed");
  assert.equal((await lstat(join(empty.path, ".dev.vars"))).mode & 0o777, 0o600);
  await git(empty, "add", "--all");
  const committed = (await git(empty, "ls-files")).trim().split("\n");
  assert.deepEqual(committed, [".gitignore", "package.json", "src/index.ts", "wrangler.toml"]);
});

test("each run makes a key of its own", async () => {
  await using one = await project();
  await using other = await project();
  await one.init(...ANSWERS);
  await other.init(...ANSWERS);
  assert.notEqual(await one.read(".dev.vars"), await other.read(".dev.vars"));
});

test("a second run changes no file, with the same answers, without and with others", async () => {
  await using mine = await project(UV_PROJECT);
  await mine.init(...ANSWERS);
  const before = await mine.snapshot();
  for (const args of [ANSWERS, ["--yes"], [...ANSWERS, "--user-claim", "uuid"]]) {
    const { code, stdout } = await mine.init(...args);
    assert.equal(code, 0);
    assert.match(stdout, /There is nothing to write/);
    assert.equal(/other answers before/.test(stdout), args.includes("uuid"));
    const { [RECORD_FILE]: record, ...files } = await mine.snapshot();
    const { [RECORD_FILE]: recordBefore, ...filesBefore } = before;
    assert.deepEqual(files, filesBefore);
    // it has the latest answers, which the next run offers
    assert.equal(record === recordBefore, !args.includes("uuid"));
  }
});

test("--undo removes exactly what init wrote", async () => {
  await using mine = await project({ ...UV_PROJECT, ".gitignore": "*.log\r\n.venv" });
  const before = await mine.snapshot();
  await mine.init(...ANSWERS);
  assert.match(await mine.read(".gitignore"), /^\*\.log\r\n\.venv\r\n\.env\r\n$/);
  const dry = await mine.init("--undo", "--dry-run");
  assert.match(dry.stdout, /wrangler\.toml: would be removed/);
  assert.equal((await mine.init("--undo")).code, 0);
  const after = await mine.snapshot();
  assert.deepEqual(withoutTimes(after), withoutTimes(before));
  assert.match((await mine.init("--undo")).stdout, /nothing to undo/);
});

test("an earlier run's answers count only if they have the form of answers", async () => {
  await using mine = await project();
  const answers = { auth: 'http://a/"\nX = "1', api: "ftp://b", userClaim: 'a"b', edge: "moon" };
  const record = { version: 1, answers, files: [], appended: [], folders: [] };
  await mine.write(".better-auth-edge/init.json", JSON.stringify(record));
  const { code, stdout } = await mine.init("--yes", "--dry-run");
  assert.equal(code, 0);
  assert.match(stdout, /BETTER_AUTH_URL = "http:\/\/localhost:3000"/);
  assert.doesNotMatch(stdout, /X = |moon|a"b/);
});

test("a folder's name never becomes a command", async () => {
  await using mine = await project({ "requirements.txt": "fastapi\n" });
  await mine.write("x;$(touch y)/main.py", "from fastapi import FastAPI\napp = FastAPI()\n");
  const { stdout } = await mine.init("--yes", "--auth", "http://127.0.0.1:9");
  assert.match(stdout, /--app-dir 'x;\$\(touch y\)' /);
});

test("an existing file stays, and init says what to add to it", async () => {
  const own = {
    "wrangler.toml": 'name = "mine"\n',
    ".dev.vars": "EDGE_ISSUER=http://localhost:1\n",
    "src/index.ts": "export default {};\n",
  };
  await using mine = await project(own);
  const { code, stdout } = await mine.init(...ANSWERS);
  assert.equal(code, 0);
  for (const [path, text] of Object.entries(own)) assert.equal(await mine.read(path), text);
  assert.match(
    stdout,
    /Add to wrangler\.toml, which exists, in place\s+of each line of the same name,\s.*name = "my-app-edge"/s,
  );
  assert.match(
    stdout,
    /Add to src\/index\.ts, which exists, in place\s+of its default export:\n.*better-auth-edge\/worker/s,
  );
  assert.match(stdout, /\n {6}\.dev\.vars:1 {2}EDGE_ISSUER=http:\/\/localhost:8787\n/);
  assert.match(
    stdout,
    /echo "EDGE_SIGNING_KEY='\$\(npx better-auth-edge keygen\)'" >> \.dev\.vars/,
  );
  assert.doesNotMatch(stdout, /Add to \.dev\.vars, which exists/);
});

test("beside a wrangler.jsonc, init writes no wrangler.toml", async () => {
  await using mine = await project({ "wrangler.jsonc": '{ "name": "mine" }\n' });
  const { stdout } = await mine.init(...ANSWERS);
  assert(!Object.keys(await mine.snapshot()).includes("wrangler.toml"));
  assert.match(stdout, /Add to wrangler\.jsonc, which exists, .*"ORIGIN_URL": "http:/s);
});

test("init writes no key to a path that git tracks", async () => {
  await using mine = await project({ ".dev.vars": "A=1\n" });
  await git(mine, "init");
  await git(mine, "add", "--force", ".dev.vars");
  await git(mine, "commit", "--message", "Add");
  await git(mine, "rm", "--quiet", "--cached", ".dev.vars");
  await git(mine, "reset", "--quiet", "--hard");
  await execute("rm", [join(mine.path, ".dev.vars")]);
  const { code, stderr } = await mine.init(...ANSWERS);
  assert.equal(code, 1);
  assert.match(stderr, /git tracks a file \.dev\.vars/);
  assert.deepEqual(await mine.snapshot(), {});
});

test("a line that makes git show the key's file again does not win", async () => {
  await using mine = await project({ ".gitignore": ".dev.vars\n!.dev.vars\n" });
  await git(mine, "init");
  assert.equal((await mine.init(...ANSWERS)).code, 0);
  await git(mine, "check-ignore", ".dev.vars");
});

test("init follows no symbolic link out of the project", async () => {
  await using mine = await project(UV_PROJECT);
  const outside = join(dirname(mine.path), "outside");
  await mkdir(outside);
  await symlink(outside, join(mine.path, "edge"));
  const { code, stderr } = await mine.init(...ANSWERS);
  assert.equal(code, 1);
  assert.match(stderr, /edge is a symbolic link out of the project/);
  assert.deepEqual(await readdir(outside), []);

  await using other = await project();
  await writeFile(join(dirname(other.path), "ignored"), "");
  for (const name of [".gitignore", ".dev.vars", "wrangler.toml"]) {
    const target = name === ".dev.vars" ? "../nowhere" : "../ignored";
    await symlink(target, join(other.path, name));
  }
  assert.equal((await other.init(...ANSWERS)).code, 1);
  assert.equal((await lstat(join(dirname(other.path), "ignored"))).size, 0);
  assert.deepEqual((await readdir(dirname(other.path))).sort(), ["ignored", "my-app"]);
});

test("an error while init writes leaves the project as it was", async () => {
  await using mine = await project({ ".gitignore": "*.log\n" });
  const before = await mine.snapshot();
  // no file may be larger than a kilobyte, and wrangler.toml is
  const command = `ulimit -f 1; exec "$0" "$@"`;
  const args = ["-c", command, process.execPath, PROGRAM, "init", ...ANSWERS];
  const failed = execute("bash", args, { cwd: mine.path });
  await assert.rejects(failed, ({ code, stderr }) => {
    assert.equal(code, 1);
    assert.match(stderr, /wrangler\.toml cannot be written: EFBIG|EFBIG/);
    return true;
  });
  assert.deepEqual(withoutTimes(await mine.snapshot()), withoutTimes(before));
});

test("on a terminal, init asks three questions, shows the files and asks before it writes", async () => {
  await using empty = await project();
  const answers = ["app.example.com", "https://app.example.com/", "", "uuid", "y"];
  const { output } = await typed(empty.path, [
    [/Where is Better Auth.*\(http:\/\/localhost:3000\) /s, `${answers[0]}\r`],
    [/this is not a URL.*Where is Better Auth.*\) /s, `${answers[1]}\r`],
    [/Where is the API.*\(http:\/\/localhost:8000\) /s, "\r"],
    [/Which claim.*\(sub\) /s, `${answers[3]}\r`],
    [/wrangler\.toml.*Write this\?.*\(Y\/n\)/s, `${answers[4]}\r`],
  ]);
  assert.match(output, /Written\./);
  const settings = await empty.read("wrangler.toml");
  assert.match(settings, /^BETTER_AUTH_URL = "https:\/\/app\.example\.com"$/m);
  assert.match(settings, /^ORIGIN_URL = "http:\/\/localhost:8000"$/m);
  assert.match(settings, /^match = \{ user_id = "uuid" \}/m);
});

test("Ctrl-C, Ctrl-D and no leave nothing behind, at each question", async () => {
  await using empty = await project();
  const api = ["--api", "http://localhost:8000"];
  for (const [args, dialog] of [
    [[], [[/Where is Better Auth/, "\x03"]]],
    [[], [[/Where is Better Auth/, "\x04"]]],
    [["--auth", "http://localhost:1", ...api, "--user-claim", "sub"], [[/Write this\?/, "\x03"]]],
    [["--auth", "http://localhost:1", ...api, "--user-claim", "sub"], [[/Write this\?/, "n\r"]]],
  ] as [string[], [RegExp, string][]][]) {
    const { code, output } = await typed(empty.path, dialog, args);
    assert.equal(code, 130, output);
    assert.match(output, /nothing was written/);
    assert.deepEqual(await empty.snapshot(), {});
  }
});

test("init examines an edge that has the project's key, once its files fit the answers", async () => {
  const auth = await startAuthServer();
  try {
    const key = await newKey();
    await using worker = await startWorker({ ...settings(auth.url), EDGE_SIGNING_KEY: key });
    const vars = `EDGE_ISSUER=${worker.url}\nEDGE_SIGNING_KEY='${key}'\n`;
    await using made = await project({ ".dev.vars": vars });
    const flags = ["--auth", auth.url, "--api", "http://127.0.0.1:9", "--yes"];
    const { code, stdout } = await made.init(...flags, "--edge-url", worker.url);
    assert.equal(code, 0);
    assert.match(stdout, /Deployment {2}http:\/\/127\.0\.0\.1:\d+\n/);
    assert.match(
      await made.read("package.json"),
      new RegExp(`"${RUNNER} dev --port ${new URL(worker.url).port}"`),
    );
    assert.match(stdout, /✓ all settings are valid/);
    assert.match(
      unwrapped(stdout),
      /This project's edge runs at \S+, with the signing key of \.dev/,
    );
    const { stdout: dry } = await run(["init", ...flags, "--dry-run"], "", made.path);
    assert.doesNotMatch(dry, /Deployment/);
    const { stdout: other } = await made.init(...flags, "--user-claim", "uuid");
    assert.doesNotMatch(other, /Deployment|all settings are valid/);
    assert.match(other, /What is left\n {2}1\. Change these lines/);
    assert.match(unwrapped(other), /This project's edge runs at \S+, and was started before/);
  } finally {
    await auth.stop();
  }
});

test("init does not examine an edge with another key or without one", async () => {
  const auth = await startAuthServer();
  try {
    for (const secrets of [{ EDGE_SIGNING_KEY: await newKey() }, {}]) {
      await using worker = await startWorker({ ...settings(auth.url), ...secrets });
      await using empty = await project();
      const flags = ["--auth", auth.url, "--api", "http://127.0.0.1:9", "--yes"];
      const { code, stdout } = await empty.init(...flags, "--edge-url", worker.url);
      assert.equal(code, 0);
      assert.doesNotMatch(stdout, /Deployment|all settings are valid/);
      const text = `Another edge runs at ${worker.url}: it does not have the signing key of .dev.vars`;
      assert(unwrapped(stdout).includes(text), stdout);
    }
  } finally {
    await auth.stop();
  }
});

function settings(authUrl: string): Record<string, unknown> {
  return {
    BETTER_AUTH_URL: authUrl,
    ORIGIN_URL: "http://127.0.0.1:9",
    ROUTES: [{ path: "/api/{user_id}/*", match: { user_id: "sub" } }],
  };
}

async function newKey(): Promise<string> {
  return (await run(["keygen"])).stdout.trim();
}

function unwrapped(text: string): string {
  return text.replaceAll(/\s+/g, " ");
}

/** Runs `init` on a pseudo-terminal, and types an answer when the output matches. */
async function typed(cwd: string, dialog: [RegExp, string][], args: string[] = []) {
  const command = [process.execPath, PROGRAM, "init", ...args].map((word) => `'${word}'`).join(" ");
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, TERM: "dumb" };
  const child = spawn("script", ["-qec", command, "/dev/null"], { cwd, env });
  let output = "";
  let seen = 0;
  const rest = [...dialog];
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    output += chunk;
    const [next] = rest;
    if (!next?.[0].test(output.slice(seen))) return;
    seen = output.length;
    rest.shift();
    child.stdin.write(next[1]);
  });
  const [code] = await once(child, "close");
  assert.equal(rest.length, 0, output);
  return { code, output };
}

function withoutTimes(snapshot: Record<string, string>): Record<string, string> {
  const entries = Object.entries(snapshot);
  return Object.fromEntries(entries.map(([k, v]) => [k, v.replace(/ [\d.]+ /, " ")]));
}

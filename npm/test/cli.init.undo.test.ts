/** `init --undo`: what it removes, what it leaves, and what a hostile record cannot do. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { ANSWERS, git, type Project, project, UV_PROJECT } from "./init-projects.ts";

const RECORD_FILE = ".better-auth-edge/init.json";
const RECORD = [".better-auth-edge", ".better-auth-edge/.gitignore", RECORD_FILE];

test("--undo leaves a file that has changed, and removes it once the change is reverted", async () => {
  await using empty = await project();
  await empty.init(...ANSWERS);
  const secrets = await empty.read(".dev.vars");
  await empty.write(".dev.vars", `${secrets}LOG_LEVEL=info\n`);
  await empty.write("src/other.ts", "");
  for (let run = 0; run < 2; run++) {
    const { code, stdout } = await empty.init("--undo");
    assert.equal(code, 0);
    assert.match(stdout, /\.dev\.vars: stays: it has changed/);
    // git must ignore the secret
    assert.match(stdout, /\.gitignore: stays: git must ignore/);
    assert.deepEqual(await paths(empty), [
      ...RECORD,
      ".dev.vars",
      ".gitignore",
      "src",
      "src/other.ts",
    ]);
  }
  await empty.write(".dev.vars", secrets);
  assert.match((await empty.init("--undo")).stdout, /\.dev\.vars: removed/);
  assert.deepEqual(await paths(empty), ["src", "src/other.ts"]);
});

test("--undo leaves the lines by which git ignores a secret in a folder below", async () => {
  await using mine = await project({ ...UV_PROJECT, "other/.env": "SECRET=1\n" });
  await mine.init(...ANSWERS);
  assert.match((await mine.init("--undo")).stdout, /\.gitignore: stays: git must ignore/);
  assert.match(await mine.read(".gitignore"), /^\.env/m);
});

test("after a partial undo, init takes other answers", async () => {
  await using empty = await project();
  await empty.init(...ANSWERS, "--user-claim", "uuid");
  await empty.write("package.json", '{ "private": true }\n');
  await empty.init("--undo");
  const { stdout } = await empty.init(...ANSWERS);
  assert.match(await empty.read("wrangler.toml"), /^USER_CLAIM = "sub"$/m);
  assert.doesNotMatch(stdout, /other answers before/);
  await empty.init("--undo");
  assert.deepEqual(await paths(empty), [...RECORD, "package.json"]);
});

test("--undo leaves the module that the app still imports, with its settings", async () => {
  await using mine = await project(UV_PROJECT);
  await mine.init(...ANSWERS);
  const app = UV_PROJECT["app/main.py"];
  await mine.write("app/main.py", `${app}from .edge_auth import auth\nauth.install(app)\n`);
  const { code, stdout } = await mine.init("--undo");
  assert.equal(code, 0);
  assert.match(stdout, /app\/edge_auth\.py: stays: .* app\/main\.py\n/);
  assert.match(stdout, /Remove the lines of edge_auth from app\/main\.py/);
  const left = await paths(mine);
  assert(left.includes("app/edge_auth.py") && left.includes(".env") && left.includes(".gitignore"));
  assert(!left.some((path) => path.startsWith("edge/")), left.join());
  await mine.write("app/main.py", `${app}# without edge_auth\n`);
  await mine.init("--undo");
  assert.deepEqual(await paths(mine), ["app", ...Object.keys(UV_PROJECT)].sort());
});

test("a record can name only what init writes, in the project", async () => {
  await using mine = await project({
    "app/settings.py": "SECRET = 1\n",
    ".gitignore": "secrets\n.env\n",
  });
  await git(mine, "init");
  const outside = join(dirname(mine.path), "outside");
  await mkdir(outside);
  await writeFile(join(outside, "main.py"), "from edge_auth import auth\n");
  await symlink(outside, join(mine.path, "link"));
  await symlink(".git", join(mine.path, "repository"));
  await mine.write(".git/main.py", "from edge_auth import auth\n");
  const before = await everything(mine);
  for (const path of [
    "../outside/main.py",
    join(outside, "main.py"),
    "link/main.py",
    "repository/main.py",
    ".git/config",
    ".GIT/config",
    ".git/main.py",
    "app/settings.py",
    "app/../.git/config",
    "./.git/config",
    "app\\..\\main.py",
    "C:/main.py",
    "",
  ]) {
    const content = await readFile(join(mine.path, path), "utf8").catch(() => "");
    await plant(mine, { files: [{ path, sha256: digest(content) }] });
    await undoesNothing(path);
    await plant(mine, { appended: [{ path, text: content || "x" }] });
    await undoesNothing(`${path}, appended`);
    await plant(mine, { folders: [path] });
    await undoesNothing(`${path}, a folder`);
  }
  for (const text of ["secrets\n", "\n", "crets\n", ".env\nsecrets\n"]) {
    await plant(mine, { appended: [{ path: ".gitignore", text }] });
    await undoesNothing(text);
  }

  async function undoesNothing(what: string) {
    await mine.init("--undo");
    await mine.init("--undo", "--dry-run");
    assert.deepEqual(await everything(mine), before, what);
    assert.deepEqual(await readdir(outside), ["main.py"], what);
  }
});

test("a file of init's name that init cannot have written stays, although the record names it", async () => {
  const own = {
    "package.json": '{ "name": "app", "dependencies": { "better-auth-edge": "1" } }\n',
    "api/main.py": "from fastapi import FastAPI\n",
    ".env": "SECRET=1\n",
    ".gitignore": ".env\nsecrets\n",
    "wrangler.toml": 'name = "mine"\n',
  };
  await using mine = await project(own);
  const before = await everything(mine);
  const files = Object.entries(own).map(([path, text]) => ({ path, sha256: digest(text) }));
  await plant(mine, { files });
  const { stdout } = await mine.init("--undo");
  for (const path of Object.keys(own)) assert(stdout.includes(`${path}: stays`), path);
  assert.deepEqual(await everything(mine), before);
});

test("init uses no record that git tracks, or that is behind a symbolic link", async () => {
  await using mine = await project();
  await git(mine, "init");
  await mine.init(...ANSWERS);
  await git(mine, "add", "--force", RECORD_FILE);
  const before = await everything(mine);
  for (const args of [["--undo"], ANSWERS]) {
    const { code, stderr } = await mine.init(...args);
    assert.equal(code, 1);
    assert.match(stderr, /git tracks \.better-auth-edge\/init\.json/);
  }
  assert.deepEqual(await everything(mine), before);

  await using other = await project();
  await plant(other, {}, "records");
  await other.write("records/.gitignore", "*\n");
  await symlink("records", join(other.path, ".better-auth-edge"));
  const { code, stderr } = await other.init("--undo");
  assert.equal(code, 1);
  assert.match(stderr, /symbolic link/);
  assert.deepEqual((await readdir(join(other.path, "records"))).sort(), [
    ".gitignore",
    "init.json",
  ]);
});

/** Writes a record, as a stranger's repository may have one. */
async function plant(mine: Project, record: object, folder = ".better-auth-edge"): Promise<void> {
  const rest = { version: 1, answers: {}, files: [], appended: [], folders: [] };
  await mine.write(`${folder}/init.json`, JSON.stringify({ ...rest, ...record }));
}

/** The contents of the project's files, those of git included, without the record. */
async function everything({ path }: Project): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    const name = join(entry.parentPath, entry.name).slice(path.length + 1);
    if (name.startsWith(".better-auth-edge")) continue;
    found[name] = entry.isFile() ? await readFile(join(path, name), "base64") : "";
  }
  return found;
}

async function paths(mine: Project): Promise<string[]> {
  return Object.keys(await mine.snapshot()).sort();
}

function digest(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}

/** Projects for the tests of `init`. */
import { execFile } from "node:child_process";
import {
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  writeFile,
} from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { canRunWrangler } from "../src/cli/init/wrangler.ts";
import { type Outcome, run } from "./cli.process.ts";

const execute = promisify(execFile);

/** A project in a temporary folder, which a test disposes of. */
export interface Project extends AsyncDisposable {
  path: string;
  /** Runs `init` in the project. */
  init(...args: string[]): Promise<Outcome>;
  /** The text of a file. */
  read(path: string): Promise<string>;
  /** Writes a file, with its folders. */
  write(path: string, text: string): Promise<void>;
  /** Each path with its mode, its time of change and its content, without those of git. */
  snapshot(): Promise<Record<string, string>>;
}

/** Makes a project with these files. */
export async function project(files: Record<string, string> = {}): Promise<Project> {
  const base = await mkdtemp(join(tmpdir(), "better-auth-edge-init-"));
  const path = join(base, "my-app");
  await mkdir(path);
  const write = async (name: string, text: string) => {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), text);
  };
  for (const [name, text] of Object.entries(files)) await write(name, text);
  return {
    path,
    write,
    init: (...args) => run(["init", ...args], "", path),
    read: (name) => readFile(join(path, name), "utf8"),
    snapshot: () => snapshot(path),
    [Symbol.asyncDispose]: () => rm(base, { recursive: true, force: true }),
  };
}

/** A project that the pinned create-next-app makes. */
export async function nextProject(...options: string[]): Promise<Project> {
  const made = await project();
  await rm(made.path, { recursive: true });
  const { resolve } = createRequire(import.meta.url);
  const program = join(dirname(resolve("create-next-app/package.json")), "dist/index.js");
  const fixed = ["--yes", "--app", "--no-eslint", "--no-tailwind", "--skip-install", "--use-npm"];
  const env = {
    PATH: process.env.PATH,
    HOME: dirname(made.path),
    NEXT_TELEMETRY_DISABLED: "1",
    // it looks for a newer version of itself
    npm_config_registry: "http://127.0.0.1:9/",
  };
  const args = [program, made.path, ...fixed, "--disable-git", ...options];
  await execute(process.execPath, args, { env, cwd: dirname(made.path) });
  return made;
}

/** Runs git in the project. */
export async function git({ path }: Project, ...args: string[]): Promise<string> {
  const identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"];
  const { stdout } = await execute("git", [...identity, ...args], { cwd: path });
  return stdout;
}

async function snapshot(path: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of await readdir(path, { recursive: true })) {
    if (/^\.git(\/|$)/.test(name)) continue;
    const file = join(path, name);
    const status = await lstat(file);
    const content = status.isFile()
      ? `${status.mtimeMs} ${await readFile(file, "base64")}`
      : status.isSymbolicLink()
        ? await readlink(file)
        : "";
    found[name] = `${status.mode.toString(8)} ${content}`;
  }
  return found;
}

/** A FastAPI project of uv. */
export const UV_PROJECT = {
  "uv.lock": "version = 1\n",
  "pyproject.toml": `[project]
name = "api"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["fastapi[standard]>=0.115"]
`,
  "app/__init__.py": "",
  "app/main.py": `from fastapi import FastAPI

app = FastAPI()
`,
};

/** The answers of most tests. */
export const ANSWERS = ["--auth", "http://127.0.0.1:9", "--api", "http://localhost:8000", "--yes"];

/** The program that runs the Worker on the Node of the tests. */
export const RUNNER = canRunWrangler() ? "wrangler" : "better-auth-edge";

/** Runs the commands and code blocks of a skill in a project, as an assistant does. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { SECRET } from "./better-auth.ts";
import { PASSWORD } from "./plugin.setup.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PYTHON = process.env.PYTHON ?? join(ROOT, ".venv/bin/python");
/** Loads TypeScript in a child process. */
const TSX = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;

/** Because standard input is a socket, bash would read a file that may change PATH. */
const NO_RC = ["--norc"];

/** The directory of the skill. */
export const SKILL = join(ROOT, "skills/better-auth-fastapi");

/** A code block of a page. */
export interface Block {
  page: string;
  language: string;
  text: string;
  /** The name in the first line's comment, such as `main.py`. */
  file: string | undefined;
  isUsed: boolean;
}

/** The code blocks of all pages of the skill. */
export async function readBlocks(pages: string[]): Promise<Block[]> {
  const blocks: Block[] = [];
  for (const page of pages) {
    const text = await readFile(join(SKILL, page), "utf8");
    for (const [, indent = "", language = "", body = ""] of text.matchAll(
      /^( *)```(\w+)\n(.*?)^ *```$/gms,
    )) {
      const lines = body.split("\n").map((line) => line.slice(indent.length));
      const file = /^(?:\/\/|#) (\S+\.\w+)$/.exec(lines[0] ?? "")?.[1];
      blocks.push({ page, language, text: lines.join("\n"), file, isUsed: false });
    }
  }
  return blocks;
}

/** The outcome of a command. */
export interface Ran {
  code: number | null;
  /** Standard output and standard error. */
  output: string;
}

/** A project that has the packages, in a directory of its own. */
export class Project {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async create(): Promise<Project> {
    const directory = await mkdtemp(join(tmpdir(), "better-auth-edge-skill-"));
    const modules = join(directory, "node_modules");
    await mkdir(join(modules, ".bin"), { recursive: true });
    await writeFile(join(directory, "package.json"), '{ "type": "module", "private": true }');
    const { resolve } = createRequire(join(ROOT, "npm/package.json"));
    const betterAuth = join(dirname(resolve("better-auth")), "..");
    await symlink(betterAuth, join(modules, "better-auth"));
    await symlink(join(ROOT, "node_modules/@types"), join(modules, "@types"));
    await symlink(join(ROOT, "node_modules/undici-types"), join(modules, "undici-types"));
    await symlink(join(ROOT, "npm"), join(modules, "better-auth-edge"));
    const program = "../better-auth-edge/dist/node/cli.js";
    await symlink(program, join(modules, ".bin/better-auth-edge"));
    return new Project(directory);
  }

  write(name: string, text: string): Promise<void> {
    return writeFile(join(this.directory, name), text);
  }

  read(name: string): Promise<string> {
    return readFile(join(this.directory, name), "utf8");
  }

  /** Runs a command in a shell and waits for its exit. */
  async run(command: string, input = ""): Promise<Ran> {
    const child = spawn("bash", [...NO_RC, "-o", "pipefail", "-c", command], this.#options());
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    child.stdin?.on("error", () => {}).end(input);
    const [code] = await once(child, "close");
    return { code, output };
  }

  /** Starts a server by a command and waits for the URL that it prints. */
  async start(command: string, ready: RegExp): Promise<{ url: string } & AsyncDisposable> {
    // the shell ends the server when its own standard input closes, even if this process is killed
    const script = `${command} </dev/null 2>&1 & server=$!; exec >&-; read -r _; kill "$server"; wait "$server"`;
    const shell = spawn("bash", [...NO_RC, "-c", script], this.#options());
    const closed = once(shell, "close");
    const stop = async () => {
      shell.stdin?.end();
      await closed;
    };
    try {
      return { url: await printed(shell, ready), [Symbol.asyncDispose]: stop };
    } catch (error) {
      await stop();
      throw error;
    }
  }

  /** Starts the Better Auth of a file on a free port. */
  startAuth(file: string): Promise<{ url: string } & AsyncDisposable> {
    const command = `${this.node} serve.mjs ./${file}`;
    return this.write("serve.mjs", SERVE).then(() => this.start(command, /listening on (\S+)/));
  }

  /** The command that runs JavaScript and TypeScript. */
  get node(): string {
    return `"${process.execPath}" --import "${TSX}"`;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.directory, { recursive: true, force: true });
  }

  #options() {
    const { PATH = "", HOME = "" } = process.env;
    const path = [dirname(PYTHON), dirname(process.execPath), PATH].join(delimiter);
    const env = {
      PATH: path,
      HOME,
      SKILL,
      TEST_PASSWORD: PASSWORD,
      BETTER_AUTH_SECRET: SECRET,
      BETTER_AUTH_TELEMETRY: "0",
      PYTHONDONTWRITEBYTECODE: "1",
      npm_config_offline: "true",
      npm_config_update_notifier: "false",
    };
    return { cwd: this.directory, env, stdio: "pipe" as const };
  }
}

/** Waits until the process has printed a URL. What it prints later is discarded. */
function printed(child: ChildProcess, ready: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let log = "";
    const read = (text: string) => {
      log += text;
      const url = ready.exec(log)?.[1];
      if (url !== undefined) resolve(url);
    };
    child.stdout?.setEncoding("utf8").on("data", read);
    child.stderr?.setEncoding("utf8").on("data", read);
    child.on("close", () => reject(new Error(`the server ended: ${log}`)));
  });
}

/** Serves the `auth` of a module, which reads its URL when it is imported. */
const SERVE = `
import { once } from "node:events";
import { createServer } from "node:http";
import { toNodeHandler } from "better-auth/node";

const server = createServer().listen(0, "127.0.0.1");
await once(server, "listening");
process.env.BETTER_AUTH_URL = "http://127.0.0.1:" + server.address().port;
const { auth } = await import(process.argv[2]);
server.on("request", toNodeHandler(auth));
console.log("listening on " + process.env.BETTER_AUTH_URL + "\\n");
`;

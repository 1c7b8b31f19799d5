/** The templates for Cloudflare as projects, with their packages and the pinned wrangler. */
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { PACKAGE } from "./hosts/bundle.ts";
import { install } from "./install.ts";
import { closedUrl, until } from "./servers.ts";

const execute = promisify(execFile);

/** The repository. */
export const ROOT = join(PACKAGE, "..");

/** The directory of the templates. */
export const TEMPLATES = join(ROOT, "templates");

/** wrangler requires a newer Node than the package. `cargo xtask test npm` names one. */
const NODE = process.env.NODE_FOR_WRANGLER ?? process.execPath;
const WRANGLER = join(ROOT, "node_modules/wrangler/bin/wrangler.js");

/** A copy of a template in a temporary folder, which a test disposes of. */
export class Project {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Copies a template, and installs the packed package and the packages that it depends on. */
  static async create(template: string): Promise<Project> {
    const base = await mkdtemp(join(tmpdir(), "better-auth-edge-template-"));
    const path = join(base, "my-app");
    await cp(join(TEMPLATES, template), path, { recursive: true });
    await install(path);
    const modules = join(path, "node_modules");
    await symlink(join(PACKAGE, "node_modules/better-auth"), join(modules, "better-auth"));
    await mkdir(join(modules, ".bin"));
    await symlink(WRANGLER, join(modules, ".bin/wrangler"));
    return new Project(path);
  }

  read(name: string): Promise<string> {
    return readFile(join(this.path, name), "utf8");
  }

  write(name: string, text: string): Promise<void> {
    return writeFile(join(this.path, name), text);
  }

  /** Runs a script of the project's package.json, and returns what it prints. */
  async script(name: string): Promise<string> {
    const words = ["run", "--silent", name];
    const { stdout } = await execute("npm", words, { cwd: this.path, env: this.#environment() });
    return stdout;
  }

  /** Runs wrangler, and returns what it prints. */
  async wrangler(...args: string[]): Promise<string> {
    const options = { cwd: this.path, env: this.#environment() };
    const { stdout } = await execute(NODE, [WRANGLER, ...args], options);
    return stdout;
  }

  /**
   * Runs the script `dev` on a free port, until it serves the path `/health`.
   *
   * @param variables makes the variables in place of the script's, from the Worker's address
   * @param args further arguments of wrangler
   */
  async dev(
    variables: (url: string) => Record<string, string>,
    ...args: string[]
  ): Promise<{ url: string } & AsyncDisposable> {
    const [program, ...words] = JSON.parse(await this.read("package.json")).scripts.dev.split(" ");
    assert.equal(program, "wrangler");
    const url = await closedUrl();
    const address = ["--ip", "127.0.0.1", "--port", new URL(url).port, "--inspector-port", "0"];
    const own = Object.entries(variables(url)).map(([name, value]) => `${name}:${value}`);
    const flags = own.flatMap((variable) => ["--var", variable]);
    const child = spawn(NODE, [WRANGLER, ...words, ...address, ...flags, ...args], {
      cwd: this.path,
      env: this.#environment(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    const stop = await started(child, url);
    return { url, [Symbol.asyncDispose]: stop };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(dirname(this.path), { recursive: true, force: true });
  }

  #environment(): NodeJS.ProcessEnv {
    return {
      PATH: [dirname(NODE), process.env.PATH].join(delimiter),
      HOME: dirname(this.path),
      CI: "1",
      NO_COLOR: "1",
      NODE_NO_WARNINGS: "1",
      WRANGLER_SEND_METRICS: "false",
      WRANGLER_SEND_ERROR_REPORTS: "false",
      CLOUDFLARE_CF_FETCH_ENABLED: "false",
      npm_config_update_notifier: "false",
    };
  }
}

/** Waits until the process serves the URL. Returns the function that ends it. */
export async function started(child: ChildProcess, url: string): Promise<() => Promise<void>> {
  let log = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      log += text;
    });
  }
  await until(async () => {
    assert.equal(child.exitCode, null, log);
    return fetch(`${url}/health`).then(
      () => true,
      () => false,
    );
  });
  return async () => {
    if (child.exitCode === null && child.kill()) await once(child, "exit");
  };
}

/** The size of an upload, in KiB, from the output of `wrangler deploy --dry-run`. */
export function uploadSize(output: string): number {
  const [, size] = /Total Upload: .* gzip: ([\d.]+) KiB/.exec(output) ?? [];
  assert(size, output);
  return Number(size);
}

/** The computer of a new user: a version of Node, Python, and programs of the system. */
import { execFile } from "node:child_process";
import {
  access,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../documents.ts";
import type { Place } from "../shell.process.ts";

const execute = promisify(execFile);

/** A computer without cargo and without the repository. */
export interface Machine extends AsyncDisposable {
  /** An empty folder. */
  folder(name: string): Promise<Place>;
  /** Its environment, for a folder of another origin. */
  env: NodeJS.ProcessEnv;
}

/** Programs of the system that the pages or the package managers start. */
const PROGRAMS = [
  ..."bash basename cat curl cut dirname env grep mkdir openssl rm sed sh tar uname".split(" "),
  ...["npm", "npx"],
];

/**
 * Makes a computer.
 *
 * @param node the program `node`
 */
export async function machine(node: string): Promise<Machine> {
  const home = await realpath(await mkdtemp(join(tmpdir(), "better-auth-edge-newcomer-")));
  const programs = join(home, "bin");
  await mkdir(programs);
  await symlink(await realpath(await find(node)), join(programs, "node"));
  await symlink(await python(), join(programs, "python3"));
  for (const name of PROGRAMS) await symlink(await find(name), join(programs, name));
  const constraints = join(home, "constraints.txt");
  await writeFile(constraints, await pinned());
  const own = Object.entries(process.env).filter(([name]) => OF_A_USER.test(name));
  const env = {
    ...Object.fromEntries(own),
    PATH: programs,
    XDG_CONFIG_HOME: join(home, "config"),
    PIP_CONSTRAINT: constraints,
    PIP_DISABLE_PIP_VERSION_CHECK: "1",
    npm_config_prefer_offline: "true",
    npm_config_update_notifier: "false",
    NEXT_TELEMETRY_DISABLED: "1",
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_SEND_ERROR_REPORTS: "false",
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    NO_COLOR: "1",
    NO_PROXY: "127.0.0.1,localhost",
    no_proxy: "127.0.0.1,localhost",
  };
  return {
    env,
    async folder(name) {
      const cwd = join(home, name);
      await mkdir(cwd);
      return { cwd, env: { ...env } };
    },
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }),
  };
}

/** Variables that say where packages come from, and how to reach it. */
const OF_A_USER =
  /^(HOME|LANG|LC_\w+|TMPDIR|XDG_CACHE_HOME|NODE_EXTRA_CA_CERTS|SSL_CERT_\w+|(npm_config|NPM_CONFIG|PIP|UV)_(?!local|prefix)\w+|\w+_(proxy|PROXY))$/;

/** The path of a program. */
async function find(program: string): Promise<string> {
  if (program.includes("/")) return program;
  for (const directory of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(directory, program);
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) return realpath(path);
  }
  throw new Error(`${program} is not on the path`);
}

/** The interpreter itself: a version manager puts a script on the path that starts it. */
async function python(): Promise<string> {
  const script = "import os, sys; print(os.path.realpath(sys.executable))";
  const { stdout } = await execute("python3", ["-c", script]);
  return stdout.trim();
}

/** The versions of Python packages that the other tests run with. */
async function pinned(): Promise<string> {
  const path = join(ROOT, "examples/fullstack/api/requirements.txt");
  const lines = (await readFile(path, "utf8")).split("\n");
  return lines.flatMap((line) => /^\w\S*==[^\\]+/.exec(line) ?? []).join("\n");
}

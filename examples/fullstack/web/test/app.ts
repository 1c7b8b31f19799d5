// The example as a real Next.js application: built and started, or in development.
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Backends, ROOT, type Server, start } from "./servers.ts";

/** `middleware` runs on the edge runtime, `proxy` on Node. */
export type File = "middleware" | "proxy";
export type Bundler = "turbopack" | "webpack";

/** Where a variant is. */
export function directoryOf(file: File, kind: string): string {
  return join(ROOT, "target/next", `${file}-${kind}`);
}

const SOURCE = join(ROOT, "examples/fullstack/web");
const NEXT = join(ROOT, "node_modules/next/dist/bin/next");

const QUIET = { NEXT_TELEMETRY_DISABLED: "1", CI: "1" };

/** Makes a copy of the example with this file and some pages for the tests, and gives its directory. */
export function copy(file: File, kind: string): string {
  const directory = directoryOf(file, kind);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  for (const part of ["app", "lib", "edge.ts", "next.config.ts", "tsconfig.json", "package.json"]) {
    cpSync(join(SOURCE, part), join(directory, part), { recursive: true });
  }
  symlinkSync(join(SOURCE, "node_modules"), join(directory, "node_modules"));
  const fixture = join(SOURCE, "test/fixture");
  cpSync(join(fixture, "app"), join(directory, "app"), { recursive: true });
  // webpack builds no pages under /index: Next has no client reference manifest for them
  if (kind === "webpack") rmSync(join(directory, "app/index"), { recursive: true });
  const proxy = readFileSync(join(fixture, "proxy.ts"), "utf8");
  writeFileSync(
    join(directory, `${file}.ts`),
    proxy.replace("export const proxy", `export const ${file}`),
  );
  return directory;
}

/** Builds it. Where Better Auth is goes into the build: `next.config.ts` names it. */
export async function build(
  directory: string,
  bundler: Bundler,
  { auth }: Backends,
): Promise<void> {
  const args = [NEXT, "build", ...(bundler === "webpack" ? ["--webpack"] : [])];
  const env = { ...process.env, ...QUIET, BETTER_AUTH_URL: auth.url };
  try {
    await promisify(execFile)(process.execPath, args, { cwd: directory, env });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`next build failed:\n${stdout}\n${stderr}`);
  }
}

/** Starts what has been built, or a server for development. */
export function startApp(
  directory: string,
  port: number,
  backends: Backends,
  env: Record<string, string>,
  command: "start" | "dev" = "start",
): Promise<Server> {
  return start({
    command: process.execPath,
    args: [NEXT, command, "--hostname", "127.0.0.1", "--port", String(port)],
    cwd: directory,
    env: { ...QUIET, BETTER_AUTH_URL: backends.auth.url, API_URL: backends.api.url, ...env },
    ready: /Ready in/,
    url: `http://127.0.0.1:${port}`,
  });
}

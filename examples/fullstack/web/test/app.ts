// The example as a real Next.js application: built and started, or in development.
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Backends, ROOT, type Server, start } from "./servers.ts";

/** One way to build the application. */
export interface Variant {
  /** Next's major version: that of the checkout, or of `tools/next-15`. */
  next: 15 | 16;
  /** `proxy` runs on Node, `middleware` on the edge runtime. */
  file: "middleware" | "proxy";
  bundler: "turbopack" | "webpack";
  /** What `middleware` runs on instead. */
  runtime?: "nodejs";
  /** What the tests call it beside all that. */
  kind?: string;
}

/** A variant, in words. */
export function nameOf({ next, file, bundler, runtime, kind }: Variant): string {
  return [`Next ${next}`, `${file}.ts`, bundler, runtime, kind].filter(Boolean).join(", ");
}

/** Where a variant is. */
export function directoryOf(variant: Variant): string {
  return join(ROOT, "target/next", nameOf(variant).replaceAll(/[ .,]+/g, "-"));
}

/** The files that browsers load. */
export function browserFiles(variant: Variant, command: "start" | "dev" = "start"): string {
  const output = command === "dev" && variant.next === 16 ? ".next/dev" : ".next";
  return join(directoryOf(variant), output, "static");
}

const SOURCE = join(ROOT, "examples/fullstack/web");
const TEST = join(SOURCE, "test");

/** Where a version of Next and its React are. */
const modulesOf = (next: 15 | 16) =>
  join(ROOT, next === 16 ? "node_modules" : "tools/next-15/node_modules");
const programOf = (next: 15 | 16) => join(modulesOf(next), "next/dist/bin/next");

const QUIET = { NEXT_TELEMETRY_DISABLED: "1", CI: "1" };

/**
 * Makes a copy of the example with this file and some pages for the tests, and gives its directory. What is in
 * the directory `more` beside this file replaces what the example has.
 */
export function copy(variant: Variant, more?: string): string {
  const { file, bundler, runtime } = variant;
  const directory = directoryOf(variant);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  for (const part of ["app", "lib", "edge.ts", "next.config.ts", "tsconfig.json", "package.json"]) {
    cpSync(join(SOURCE, part), join(directory, part), { recursive: true });
  }
  for (const pages of ["fixture", ...(more ? [more] : [])]) {
    cpSync(join(TEST, pages), directory, { recursive: true });
  }
  // webpack builds no pages under /index: Next has no client reference manifest for them
  if (bundler === "webpack") rmSync(join(directory, "app/index"), { recursive: true });
  const proxy = readFileSync(join(directory, "proxy.ts"), "utf8");
  rmSync(join(directory, "proxy.ts"));
  writeFileSync(
    join(directory, `${file}.ts`),
    proxy
      .replace("export const proxy", `export const ${file}`)
      .replace("config = {", runtime ? `config = { runtime: "${runtime}",` : "config = {"),
  );
  linkModules(directory, variant.next);
  return directory;
}

/** The packages of the example, with another Next and the package as npm would install it for that. */
function linkModules(directory: string, next: 15 | 16): void {
  const modules = join(directory, "node_modules");
  if (next === 16) {
    symlinkSync(join(SOURCE, "node_modules"), modules);
    return;
  }
  mkdirSync(modules);
  // it reads next.config.ts by a compiler of its time
  for (const name of ["next", "react", "react-dom", "typescript"]) {
    symlinkSync(join(modulesOf(next), name), join(modules, name));
  }
  symlinkSync(join(SOURCE, "node_modules/better-auth"), join(modules, "better-auth"));
  for (const part of ["dist", "package.json"]) {
    cpSync(join(ROOT, "npm", part), join(modules, "better-auth-edge", part), { recursive: true });
  }
}

/** Builds it. Where Better Auth is goes into the build: `next.config.ts` names it. */
export async function build(variant: Variant, { auth }: Backends): Promise<void> {
  const { next, bundler } = variant;
  // each has the other one as its default
  const other = next === 16 ? "webpack" : "turbopack";
  const args = [programOf(next), "build", ...(bundler === other ? [`--${other}`] : [])];
  const env = { ...process.env, ...QUIET, BETTER_AUTH_URL: auth.url };
  try {
    await promisify(execFile)(process.execPath, args, { cwd: directoryOf(variant), env });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`next build failed:\n${stdout}\n${stderr}`);
  }
}

/** Next 15 redirects from every loopback address to `localhost`, which is another site to a browser. */
const HOSTS = { 15: "localhost", 16: "127.0.0.1" };

/** The site at which it is once it runs. */
export function originOf({ next }: Variant, port: number): string {
  return `http://${HOSTS[next]}:${port}`;
}

/** Starts what has been built, or a server for development. */
export function startApp(
  variant: Variant,
  port: number,
  backends: Backends,
  env: Record<string, string> = {},
  command: "start" | "dev" = "start",
): Promise<Server> {
  const { next } = variant;
  return start({
    command: process.execPath,
    args: [programOf(next), command, "--hostname", HOSTS[next], "--port", String(port)],
    cwd: directoryOf(variant),
    env: {
      ...QUIET,
      BETTER_AUTH_URL: backends.auth.url,
      API_URL: backends.api.url,
      ...backends.edge,
      ...env,
    },
    ready: /Ready in/,
    url: originOf(variant, port),
  });
}

// Builds and starts copies of the example, also with the development server.
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Backends, ROOT, type Server, start } from "./servers.ts";

/** A way to build the application. */
export interface Variant {
  /** Next's major version: 16 from the checkout, or 15 from `tools/next-15`. */
  next: 15 | 16;
  /** `proxy` runs on Node, and `middleware` on the edge runtime. */
  file: "middleware" | "proxy";
  bundler: "turbopack" | "webpack";
  /** The runtime of `middleware`, if it is not the edge runtime. */
  runtime?: "nodejs";
  /** A further part of the variant's name. */
  kind?: string;
}

/** The variant's name. */
export function nameOf({ next, file, bundler, runtime, kind }: Variant): string {
  return [`Next ${next}`, `${file}.ts`, bundler, runtime, kind].filter(Boolean).join(", ");
}

/** The variant's directory. */
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

/** The directory of this Next version and its React. */
const modulesOf = (next: 15 | 16) =>
  join(ROOT, next === 16 ? "node_modules" : "tools/next-15/node_modules");
const programOf = (next: 15 | 16) => join(modulesOf(next), "next/dist/bin/next");

const QUIET = { NEXT_TELEMETRY_DISABLED: "1", CI: "1" };

/**
 * Copies the example, with this file and with pages for the tests. Returns the copy's directory.
 *
 * @param more a directory next to this module, whose files replace the example's
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
  // webpack builds no pages below /index: Next has no client reference manifest for them
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

/** Links the example's packages and, for Next 15, copies the package as npm installs it there. */
function linkModules(directory: string, next: 15 | 16): void {
  const modules = join(directory, "node_modules");
  if (next === 16) {
    symlinkSync(join(SOURCE, "node_modules"), modules);
    return;
  }
  mkdirSync(modules);
  // Next 15 compiles next.config.ts with a TypeScript of its time
  for (const name of ["next", "react", "react-dom", "typescript"]) {
    symlinkSync(join(modulesOf(next), name), join(modules, name));
  }
  symlinkSync(join(SOURCE, "node_modules/better-auth"), join(modules, "better-auth"));
  for (const part of ["dist", "package.json"]) {
    cpSync(join(ROOT, "npm", part), join(modules, "better-auth-edge", part), { recursive: true });
  }
}

/** Builds the variant. The build contains Better Auth's URL, because `next.config.ts` names it. */
export async function build(variant: Variant, { auth }: Backends): Promise<void> {
  const { next, bundler } = variant;
  // the versions have different defaults
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

/**
 * Next 15 redirects from loopback addresses to `localhost`, which browsers treat as another site.
 */
const HOSTS = { 15: "localhost", 16: "127.0.0.1" };

/** The origin of the running application. */
export function originOf({ next }: Variant, port: number): string {
  return `http://${HOSTS[next]}:${port}`;
}

/** Starts the built application, or the development server. */
export async function startApp(
  variant: Variant,
  port: number,
  backends: Backends,
  env: Record<string, string> = {},
  command: "start" | "dev" = "start",
): Promise<Server> {
  const { next } = variant;
  const app = await start({
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
  backends.apps.add(app.url);
  const stop = () => {
    backends.apps.delete(app.url);
    return app.stop();
  };
  return { ...app, stop };
}

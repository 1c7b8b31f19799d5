/** Runs `better-auth-edge serve` as a process that ends with the test. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { serve, type TestServer } from "./servers.ts";

const PROGRAM = fileURLToPath(new URL("../dist/node/cli.js", import.meta.url));
const HERE = fileURLToPath(new URL(".", import.meta.url));

/** What the edge of a test needs. */
export interface Surroundings {
  /** The URL of the auth server. */
  auth: string;
  /** The URL of the API. */
  api: string;
  /** An empty directory. */
  directory: string;
}

/**
 * Starts an auth server and an API before the tests of a file, and ends them after the tests.
 *
 * @param keys the auth server's
 * @param respond the API's response to a request
 */
export function surroundings(
  keys: object[],
  respond: Parameters<typeof serve>[0] = () => ({ body: {} }),
): Surroundings {
  const made: Surroundings = { auth: "", api: "", directory: "" };
  let servers: TestServer[] = [];
  before(async () => {
    servers = await Promise.all([serve(() => ({ body: { keys } })), serve(respond)]);
    [made.auth, made.api] = servers.map(({ url }) => url) as [string, string];
    made.directory = await mkdtemp(join(tmpdir(), "better-auth-edge-test-"));
  });
  after(async () => {
    for (const server of servers) await server[Symbol.asyncDispose]();
    await rm(made.directory, { recursive: true, force: true });
  });
  return made;
}

/** A running edge. */
export interface ServedEdge extends AsyncDisposable {
  url: string;
  child: ChildProcess;
  /** The lines of the log so far. */
  lines: Record<string, unknown>[];
  /** Standard error so far. */
  errors(): string;
  /** Resolves with the exit code. */
  exited: Promise<number | null>;
  /** Waits for a line of the log. */
  line(is: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>;
}

/**
 * Starts `serve` on a free port of loopback.
 *
 * @param settings the variables of its environment
 * @param args further arguments
 * @param cwd the current directory
 * @param before a command of the shell that runs first, such as `ulimit`
 */
export async function serveEdge(
  settings: Record<string, string>,
  args: string[] = [],
  cwd = HERE,
  before = ":",
): Promise<ServedEdge> {
  const { PATH, HOME } = process.env;
  const command = [process.execPath, PROGRAM, "serve", "--port", "0", ...args];
  const child = spawn("sh", ["-c", `${before} && exec "$@"`, "sh", ...command], {
    env: { PATH, HOME, ...settings },
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: Record<string, unknown>[] = [];
  const waiting = new Set<() => void>();
  let stderr = "";
  const reader = createInterface({ input: child.stdout });
  reader.on("line", (text) => {
    lines.push(JSON.parse(text));
    for (const look of waiting) look();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const exited = once(child, "close").then(([code]): number | null => code);
  const line = (is: (line: Record<string, unknown>) => boolean) =>
    new Promise<Record<string, unknown>>((resolve, reject) => {
      const look = () => {
        const found = lines.find(is);
        if (!found) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
      exited.then(() => reject(new Error(`serve ended: ${stderr}${JSON.stringify(lines)}`)));
    });
  const edge = {
    url: "",
    child,
    lines,
    errors: () => stderr,
    exited,
    line,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      // a second signal ends the requests that a failed test has left
      const timer = setTimeout(() => child.kill("SIGTERM"), 2_000);
      await exited;
      clearTimeout(timer);
    },
  };
  await Promise.race([line(({ event }) => event === "listening"), exited]).catch(() => {});
  edge.url = String(lines.find(({ event }) => event === "listening")?.url ?? "");
  return edge;
}

/** The ids of the edge's processes of workerd. */
export function workerdOf({ child }: ServedEdge): number[] {
  const table = execFileSync("ps", ["-eo", "pid=,ppid=,comm="], { encoding: "utf8" });
  const rows = table.split("\n").map((row) => row.trim().split(/\s+/));
  return rows
    .filter(([, ppid, command]) => Number(ppid) === child.pid && command === "workerd")
    .map(([pid]) => Number(pid));
}

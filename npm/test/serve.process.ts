/** Runs `better-auth-edge serve` as a process that ends with the test. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../dist/node/cli.js", import.meta.url));
const HERE = fileURLToPath(new URL(".", import.meta.url));

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

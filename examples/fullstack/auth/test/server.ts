/** Runs the package's commands as the real processes they are. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));
const START_TIMEOUT_MS = 30_000;

/** How a process ended and what it said. */
export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A server that is ready. */
export interface RunningServer {
  /** Where it listens, as it said so itself. */
  url: string;
  /** Ends it in the given way and waits until it is gone. */
  stop(how?: "SIGTERM" | "SIGINT" | "close stdin"): Promise<Outcome>;
}

/** Starts the server with only these settings on a port of the system's choice. */
export async function startServer(env: Record<string, string>): Promise<RunningServer> {
  // Should this process die, the server's standard input closes and it goes too.
  const { child, outcome } = run("src/server.ts", { PORT: "0", EXIT_WITH_PARENT: "1", ...env });

  const url = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error("the server did not become ready"));
    }, START_TIMEOUT_MS);
    let stdout = "";
    child.stdout?.on("data", (chunk: string) => {
      stdout += chunk;
      const ready = /^Better Auth listening on (\S+)\n/.exec(stdout);
      if (!ready?.[1]) return;
      clearTimeout(timer);
      resolve(ready[1]);
    });
    outcome.then(({ code, stderr }) => {
      clearTimeout(timer);
      reject(new Error(`the server ended with code ${code}: ${stderr}`));
    }, reject);
  });

  return {
    url,
    stop: async (how = "SIGTERM") => {
      if (how === "close stdin") child.stdin?.end();
      else child.kill(how);
      return outcome;
    },
  };
}

/** Runs one of the package's scripts with only these settings until it ends. */
export async function runToEnd(script: string, env: Record<string, string>): Promise<Outcome> {
  const { outcome } = run(script, env);
  return outcome;
}

function run(
  script: string,
  env: Record<string, string>,
): { child: ChildProcess; outcome: Promise<Outcome> } {
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn(process.execPath, ["--import", "tsx", script], {
    cwd: PACKAGE,
    env: { PATH, HOME, ...env },
  });

  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    stdout += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
  });
  const outcome = once(child, "close").then(([code]) => ({ code, stdout, stderr }));
  return { child, outcome };
}

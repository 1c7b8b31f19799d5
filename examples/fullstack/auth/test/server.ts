/** Runs the package's commands as processes. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));
const START_TIMEOUT_MS = 30_000;

/** A process's exit code and output. */
export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A running server. */
export interface RunningServer {
  /** The URL that the server printed. */
  url: string;
  /** Ends the process in this way and waits for its exit. */
  stop(how?: "SIGTERM" | "SIGINT" | "close stdin"): Promise<Outcome>;
}

/** Starts the server on a free port, with only these settings. */
export async function startServer(env: Record<string, string>): Promise<RunningServer> {
  // if this process ends, the server's standard input closes, and the server ends too
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

/** Runs a script of the package with only these settings, and waits for its exit. */
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

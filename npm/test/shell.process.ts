/** Runs the commands of a page in a shell, as a reader types them. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** Where commands run. */
export interface Place {
  cwd: string;
  env: NodeJS.ProcessEnv;
}

/** A server that a command has started. */
export interface Running extends AsyncDisposable {
  /** What it has printed so far. */
  log(): string;
}

/** Runs commands until one fails. Returns what they printed on standard output. */
export async function shell(place: Place, script: string): Promise<string> {
  const running = execute("sh", ["-ec", script], { ...place, maxBuffer: 1 << 26 });
  running.child.stdin?.end();
  const { stdout } = await running.catch((error) => {
    throw new Error(`${script}\n${error.stdout}${error.stderr}`, { cause: error });
  });
  return stdout;
}

/** Starts a server by a command, and waits until a check of it holds. The disposal ends it. */
export async function shellServer(
  { cwd, env }: Place,
  command: string,
  isReady: () => Promise<boolean>,
): Promise<Running> {
  // The shell leads a group of processes, and ends all of them when its own standard input closes,
  // which happens even if this process is killed. A server that ends by itself ends the shell.
  const running = `{ (${command}\n); kill -KILL $$; } </dev/null &`;
  const script = `${running} trap '' TERM; read -r _; kill -TERM 0; wait`;
  const child = spawn("sh", ["-c", script], { cwd, env, detached: true, stdio: "pipe" });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      log += text;
    });
  }
  let hasEnded = false;
  const closed = once(child, "close").then(() => {
    hasEnded = true;
  });
  const stop = async () => {
    child.stdin.on("error", () => {}).end();
    const timer = setTimeout(() => kill(child.pid), PATIENCE);
    await closed;
    clearTimeout(timer);
  };
  try {
    while (!(await isReady())) {
      if (hasEnded) throw new Error(`${command} has ended:\n${log}`);
      await delay(INTERVAL);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { log: () => log, [Symbol.asyncDispose]: stop };
}

/** Milliseconds between two checks whether a server is ready. */
const INTERVAL = 100;
/** Milliseconds in which the processes of a server end. */
const PATIENCE = 10_000;

function kill(group: number | undefined): void {
  try {
    if (group !== undefined) process.kill(-group, "SIGKILL");
  } catch {
    // all of them have ended
  }
}

/** Runs workerd as a process that ends with the test. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";

/** A running Worker. */
export interface Worker {
  url: string;
  /** What the Worker has logged so far as an error or a warning. */
  log(): string;
  stop(): Promise<void>;
}

/**
 * Starts a Worker on a free loopback port.
 *
 * @param directory contains the Worker's modules; `stop` removes it
 * @param worker the Worker's definition in workerd's configuration (Cap'n Proto)
 * @param services the definitions of further services
 */
export async function serve(directory: string, worker: string, services = ""): Promise<Worker> {
  const config = join(directory, "config.capnp");
  const text = CONFIG.replace("// more", services);
  await writeFile(config, `${text}const worker :Workerd.Worker = (${worker});\n`);

  // workerd survives its parent. The shell ends it when the shell's standard input closes, which
  // happens even if this process is killed.
  const script = '"$@" </dev/null & workerd=$!; exec >&-; read -r _; kill -KILL "$workerd"';
  const workerd: string = createRequire(import.meta.url)("workerd").default;
  const command = [workerd, "serve", config, "--control-fd=1"];
  const shell = spawn("sh", ["-c", script, "sh", ...command], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  let log = "";
  shell.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    log += chunk;
  });
  const exited = once(shell, "exit");
  const stop = async () => {
    shell.stdin.end();
    await exited;
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const url = `http://127.0.0.1:${await listeningPort(shell.stdout)}`;
    return { url, log: () => log, stop };
  } catch (error) {
    await stop();
    throw new Error(`workerd did not start: ${log}`, { cause: error });
  }
}

async function listeningPort(stdout: NodeJS.ReadableStream): Promise<number> {
  let text = "";
  for await (const chunk of stdout) {
    text += chunk;
    const event = /\{"event":"listen".*\}/.exec(text);
    if (event) return JSON.parse(event[0]).port;
  }
  throw new Error(text);
}

const CONFIG = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "worker", worker = .worker),
    (name = "internet", network = (allow = ["local"])),
    // more
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "worker")],
);
`;

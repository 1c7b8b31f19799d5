import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Case } from "../cases.ts";
import { bundle, WASM } from "./bundle.ts";
import type { Outcome } from "./judge.ts";

/** In the runtime of Cloudflare Workers, bundled by its condition. */
export async function onWorkerd(cases: Case[], keys: string): Promise<Outcome[][]> {
  const worker = await startWorker("worker.ts");
  try {
    const response = await fetch(worker.url, {
      method: "POST",
      body: JSON.stringify({ cases, keys }),
    });
    return (await response.json()) as Outcome[][];
  } finally {
    await worker.stop();
  }
}

/** Starts a program of this directory as a Worker on a free loopback port. */
export async function startWorker(source: string): Promise<{ url: string; stop(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), "better-auth-edge-"));
  // the folder that bundles have in `dist/`, beside which the wasm is
  await mkdir(join(directory, "worker"));
  await writeFile(join(directory, "worker/index.js"), await bundle(source, ["workerd"]));
  await copyFile(WASM, join(directory, "better_auth_edge.wasm"));
  const config = join(directory, "config.capnp");
  await writeFile(config, CONFIG);

  // When our end of its standard input closes, however that comes about, the shell ends workerd: it
  // does not end by itself.
  const script = '"$@" </dev/null & workerd=$!; exec >&-; read -r _; kill -KILL "$workerd"';
  const workerd: string = createRequire(import.meta.url)("workerd").default;
  const serve = [workerd, "serve", config, "--control-fd=1"];
  const shell = spawn("sh", ["-c", script, "sh", ...serve], { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(shell, "exit");
  const stop = async () => {
    shell.stdin.end();
    await exited;
    await rm(directory, { recursive: true, force: true });
  };
  try {
    return { url: `http://127.0.0.1:${await listeningPort(shell.stdout)}`, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function listeningPort(stdout: NodeJS.ReadableStream): Promise<number> {
  let text = "";
  for await (const chunk of stdout) {
    text += chunk;
    const event = /\{"event":"listen".*\}/.exec(text);
    if (event) return JSON.parse(event[0]).port;
  }
  throw new Error(`workerd did not start: ${text}`);
}

const CONFIG = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "worker", worker = .worker),
    (name = "internet", network = (allow = ["local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "worker")],
);
const worker :Workerd.Worker = (
  modules = [
    (name = "worker/index.js", esModule = embed "worker/index.js"),
    (name = "better_auth_edge.wasm", wasm = embed "better_auth_edge.wasm"),
  ],
  compatibilityDate = "2026-01-01",
);
`;

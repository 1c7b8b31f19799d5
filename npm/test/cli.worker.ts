/** The real Worker in workerd, as `cargo xtask build` made it, with settings of a test's own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** A running Worker. */
export interface Worker extends AsyncDisposable {
  url: string;
}

/** Starts it on a free port. Settings that are no text become JSON bindings. */
export async function startWorker(settings: Record<string, unknown>): Promise<Worker> {
  const directory = mkdtempSync(join(tmpdir(), "better-auth-edge-worker-"));
  for (const name of ["index.js", "index_bg.wasm"]) {
    copyFileSync(join(ROOT, "build", name), join(directory, name));
  }
  writeFileSync(join(directory, "config.capnp"), config(settings));

  // workerd has no habit of ending with its parent, so a shell ends it when our end of a pipe closes
  const child = spawn("sh", ["-c", WATCHED, "sh", join(ROOT, "node_modules/workerd/bin/workerd")], {
    cwd: directory,
    stdio: ["pipe", "pipe", "ignore"],
  });
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, "close");
  const port = await new Promise<number>((resolve, reject) => {
    ended.then(() => reject(new Error("workerd ended")), reject);
    lines.on("line", (line) => {
      if (line.includes('"listen"')) resolve((JSON.parse(line) as { port: number }).port);
    });
  });
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
      rmSync(directory, { recursive: true });
    },
  };
}

const WATCHED = `exec 3<&0
"$1" serve config.capnp --control-fd=1 3<&- </dev/null & workerd=$!
{ read -r _; kill -9 "$workerd"; } <&3 2>/dev/null & watcher=$!
wait "$workerd"
kill "$watcher" 2>/dev/null`;

function config(settings: Record<string, unknown>): string {
  const bindings = Object.entries(settings).map(([name, value]) =>
    typeof value === "string"
      ? `(name = "${name}", text = ${JSON.stringify(value)})`
      : `(name = "${name}", json = ${JSON.stringify(JSON.stringify(value))})`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "edge", worker = .edge),
    (name = "internet", network = (allow = ["local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "edge")],
);
const edge :Workerd.Worker = (
  modules = [
    (name = "index.js", esModule = embed "index.js"),
    (name = "index_bg.wasm", wasm = embed "index_bg.wasm"),
  ],
  compatibilityDate = "2026-11-01",
  bindings = [${bindings.join(", ")}],
  globalOutbound = "internet",
);
`;
}

/** One process of workerd with the packed Worker. */
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { configText, environmentOf, type ProcessConfig } from "./config.ts";
import type { Listener } from "./listener.ts";
import { follow, type LogSink } from "./log.ts";

/** What the processes of an edge have in common. */
export interface Host {
  /** The program workerd. */
  workerd: string;
  /** A directory that only this user can read. */
  directory: string;
  /** Passes connections on to the processes. */
  listener: Listener;
  log: LogSink;
}

/** How a process ended. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A process that accepts connections. */
export interface WorkerProcess {
  pid: number;
  /** Resolves when the process has ended. */
  exited: Promise<Exit>;
  /** The edge's health. `misconfigured` says that it rejects every request. */
  health(): Promise<string>;
  /**
   * Accepts no further connection, waits for the requests that it has accepted, and ends.
   *
   * @param seconds how long it may take; then it is killed
   */
  stop(seconds: number): Promise<void>;
}

/** The process ended before it accepted connections. The log says why. */
export class StartError extends Error {
  override name = "StartError";
}

/**
 * Starts a process and waits until it accepts connections.
 *
 * @param name its name, for files
 * @param signal says to give up: the process is killed if it does not accept connections yet
 * @throws {StartError} if it ends before
 */
export async function start(
  host: Host,
  name: string,
  config: Omit<ProcessConfig, "socket">,
  signal: AbortSignal,
): Promise<WorkerProcess> {
  const socket = join(host.directory, `${name}.sock`);
  const directory = join(host.directory, name);
  // a process that was killed leaves its socket
  rmSync(socket, { force: true });
  writeFiles(directory, configText({ ...config, socket }));
  const child = spawn(host.workerd, ["serve", join(directory, "config.capnp"), "--control-fd=3"], {
    env: environmentOf(config.settings),
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    // a Ctrl-C is for the parent, which lets the process end its requests
    detached: true,
  });
  const exited = new Promise<Exit>((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal }));
    // the program is missing, or the system has no room for a process
    child.once("error", () => resolve({ code: null, signal: null }));
  });
  const watchdog = watch(child, exited);
  follow(child.stdout as Readable, host.log);
  follow(child.stderr as Readable, host.log);
  const giveUp = () => child.kill("SIGKILL");
  signal.addEventListener("abort", giveUp);
  const isReady = await Promise.race([
    listening(child.stdio[3] as Readable).then(() => true),
    exited.then(() => false),
  ]);
  signal.removeEventListener("abort", giveUp);
  if (!isReady || child.pid === undefined) throw new StartError("workerd did not start");
  const remove = host.listener.add(socket);
  exited.then(remove);
  return {
    pid: child.pid,
    exited,
    health: () => health(socket),
    async stop(seconds) {
      remove();
      // workerd reads a request that has just been passed on
      if (seconds > 0) await Promise.race([sleep(SETTLING), exited]);
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), seconds * 1_000);
      await exited;
      clearTimeout(timer);
      watchdog.kill("SIGKILL");
    },
  };
}

/** Milliseconds between the last connection for a process and its signal to stop. */
const SETTLING = 100;

const WORKER = fileURLToPath(new URL("../worker/", import.meta.url));

function writeFiles(directory: string, config: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const name of ["index.js", "index_bg.wasm"]) {
    copyFileSync(join(WORKER, name), join(directory, name));
  }
  writeFileSync(join(directory, "config.capnp"), config, { mode: 0o600 });
  chmodSync(directory, 0o700);
}

/** Resolves when the process listens on its socket. */
async function listening(control: Readable): Promise<void> {
  for await (const line of createInterface({ input: control })) {
    const { event, socket } = JSON.parse(line);
    if (event === "listen" && socket === "http") {
      // a paused pipe would hide the end of the process
      setImmediate(() => control.resume());
      return;
    }
  }
  // the process has ended
  return new Promise(() => {});
}

/**
 * Ends the process when this one has ended, even if it was killed: a shell notices the end of its
 * standard input. A process whose requests do not end within ten seconds is killed.
 */
function watch(child: ChildProcess, exited: Promise<Exit>): ChildProcess {
  const script = 'read -r _; kill -TERM "$1" && sleep 10 && kill -KILL "$1"';
  const watchdog = spawn("sh", ["-c", script, "sh", String(child.pid)], {
    // it needs no setting
    env: { PATH: process.env.PATH },
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  // without a shell, the process outlives this one if this one is killed
  watchdog.on("error", () => {});
  watchdog.stdin?.on("error", () => {});
  exited.then(() => watchdog.kill("SIGKILL"));
  return watchdog;
}

/** The member `status` of the edge's health; empty if the process does not respond. */
function health(socketPath: string): Promise<string> {
  const path = "/.well-known/better-auth-edge/health";
  return new Promise((resolve) => {
    const sent = request({ socketPath, path, timeout: 15_000 }, async (response) => {
      let body = "";
      try {
        for await (const chunk of response.setEncoding("utf8")) body += chunk;
      } catch {
        // the process has ended
      }
      resolve(/^\{"status":"(\w+)"/.exec(body)?.[1] ?? "");
    });
    sent
      .on("timeout", () => sent.destroy())
      .on("error", () => resolve(""))
      .end();
  });
}

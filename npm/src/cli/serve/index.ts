import type { Arguments, Command } from "../arguments.ts";
import { UsageError } from "../arguments.ts";
import { errorColors, printError } from "../terminal.ts";
import { ConfigError, readWorkerConfig, type WorkerConfig } from "../worker-config.ts";
import { Edge, type EdgeConfig, Misconfigured } from "./edge.ts";
import { ListenError } from "./listener.ts";
import { DirectoryError, lockDirectory } from "./lock.ts";
import { Log, type LogLine } from "./log.ts";
import { StartError } from "./process.ts";
import { missingIn, STORE, settingsOf } from "./settings.ts";
import { NoWorkerd } from "./workerd.ts";

/** `serve`: the Worker on this machine, for production. */
export const serve: Command = {
  summary: "runs the Worker on your own machine, without Cloudflare",
  options: {
    config: "value",
    env: "value",
    host: "value",
    port: "value",
    processes: "value",
    data: "value",
    "trust-forwarded-proto": "switch",
    "shutdown-timeout": "value",
  },
  help: `Runs the Worker on your own machine, in workerd, the runtime of Cloudflare Workers.

The settings are those of the Worker: [vars] of wrangler.toml, wrangler.jsonc or wrangler.json in
the current directory, if there is one, and environment variables of the same names, which win.
Give secrets as environment variables: only the command dev reads .dev.vars. Log lines are JSON, on
standard output.

Usage: better-auth-edge serve [options]

Options
  --config <file>         read this wrangler configuration
  --env <name>            read [env.<name>] of the configuration
  --host <address>        listen on this IP address (default: 127.0.0.1)
  --port <port>           listen on this port (default: PORT, or 8787)
  --processes <n>         run n processes that share the port (default: 1)
  --data <directory>      store ended sessions there; required for the binding REVOCATIONS
  --trust-forwarded-proto a proxy in front ends TLS and sets X-Forwarded-Proto
  --shutdown-timeout <s>  seconds for accepted requests after SIGTERM or SIGINT (default: 30)
  -h, --help              show this help

Examples
  npx better-auth-edge serve --host 0.0.0.0 --processes 4 --data /var/lib/edge
  BETTER_AUTH_URL=https://app.example.com ORIGIN_URL=http://10.0.0.5:8000 \\
    npx better-auth-edge serve

Exit codes: 0 after SIGTERM or SIGINT, 1 if the edge cannot start, 2 if the command line is wrong.
`,
  outlivesReader: true,
  run,
};

const HOST = "127.0.0.1";
const PORT = 8787;
const SHUTDOWN = 30;
const LONGEST_SHUTDOWN = 86_400;
/** Milliseconds for the reader of the log, after the edge has stopped. */
const LAST_LINES = 2_000;

async function run(args: Arguments): Promise<number> {
  const seconds = args.seconds("shutdown-timeout") ?? SHUTDOWN;
  if (seconds > LONGEST_SHUTDOWN) {
    throw new UsageError(`--shutdown-timeout is more than ${LONGEST_SHUTDOWN} seconds`);
  }
  const address = args.value("host") ?? HOST;
  const port = portOf(args);
  const signal = nextSignal();
  const log = new Log(process.stdout);
  const say: Say = (line) => log.write({ time: new Date().toISOString(), ...line });
  let edge: Edge | undefined;
  try {
    const config = await edgeConfig(args, say);
    edge = await Edge.listen(address, port, config.processes, log.write);
    // a signal also ends a start
    const interruption = await Promise.race([edge.start(config, 0), signal]);
    if (interruption === undefined) {
      warnAbout(config, edge.limits.total, say);
      say({
        level: "info",
        event: "listening",
        url: urlOf(address, edge.port),
        processes: config.processes,
        connections: edge.limits.total,
      });
    }
  } catch (error) {
    await edge?.stop(0);
    return failed(error);
  }
  const name = await signal;
  say({ level: "info", event: "stopping", signal: name, timeout: seconds });
  await stop(edge, seconds);
  say({ level: "info", event: "stopped" });
  // a reader that does not read would keep this process
  if (!(await log.settled(LAST_LINES))) process.exit(0);
  return 0;
}

/** Stops an edge. A second signal ends the requests too. */
export async function stop(edge: Edge, seconds: number): Promise<void> {
  const signal = await Promise.race([edge.stop(seconds), nextSignal()]);
  if (signal !== undefined) await edge.stop(0);
}

/** The port of an argument, or of the variable that platforms set. */
export function portOf(args: Arguments, fallback = PORT): number {
  const [name, value] = args.value("port")
    ? ["--port", args.value("port")]
    : ["PORT", process.env.PORT || String(fallback)];
  if (!/^\d{1,5}$/.test(value ?? "") || Number(value) > 65_535) {
    throw new UsageError(`${name} is not a port from 0 to 65535`);
  }
  return Number(value);
}

/** The URL of an address that the edge listens on. */
export function urlOf(address: string, port: number): string {
  return `http://${address.includes(":") ? `[${address}]` : address}:${port}`;
}

/**
 * Resolves with the next signal to stop, or with `npx` when the `npx` that runs this has ended: it
 * sends its signals to a shell, which does not pass them on.
 */
export function nextSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const name of ["SIGTERM", "SIGINT", "SIGHUP"]) process.once(name, resolve);
    if (process.env.npm_lifecycle_event !== "npx") return;
    const parent = process.ppid;
    const timer = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(timer);
      resolve("npx");
    }, 1_000);
    timer.unref();
  });
}

/**
 * Prints why the edge cannot start.
 *
 * @returns the exit code
 * @throws an error that the operator did not cause
 */
export function failed(error: unknown): number {
  if (error instanceof Misconfigured) {
    printError(errorColors.red("error: the settings have errors"));
    for (const each of error.errors) printError(`- ${each}`);
    return 1;
  }
  const isExpected = [ConfigError, NoWorkerd, ListenError, DirectoryError, StartError].some(
    (kind) => error instanceof kind,
  );
  if (!isExpected) throw error;
  printError(`${errorColors.red("error:")} ${(error as Error).message}`);
  return 1;
}

async function edgeConfig(args: Arguments, say: Say): Promise<EdgeConfig> {
  const processes = args.value("processes") ?? "1";
  if (!/^[1-9]\d{0,2}$/.test(processes)) {
    throw new UsageError("--processes is not a number from 1 to 999");
  }
  if (process.platform === "win32") {
    throw new StartError("serve runs on Linux and macOS, where processes can share a socket");
  }
  const config = readWorkerConfig(args.value("config"), args.value("env"));
  rejectMissing(config, say);
  requireData(config, args.value("data"));
  return {
    settings: settingsOf(config, process.env),
    compatibilityDate: config.compatibilityDate,
    compatibilityFlags: config.compatibilityFlags,
    trustsForwardedProto: args.has("trust-forwarded-proto"),
    hasTail: false,
    processes: Number(processes),
    runsMisconfigured: false,
    data: await dataOf(args.value("data")),
  };
}

/** @throws {ConfigError} if the configuration has what the edge must not do without */
function rejectMissing(config: WorkerConfig, say: Say): void {
  const { errors, warnings } = missingIn(config);
  if (errors.length > 0) throw new ConfigError(`${config.file}: ${errors.join("; ")}`);
  for (const message of warnings) say({ level: "warn", message: `${config.file}: ${message}` });
}

/** Warns about what an operator of production may have forgotten. */
function warnAbout({ settings }: EdgeConfig, connections: number, say: Say): void {
  if (!settings.EDGE_SIGNING_KEY) say({ level: "warn", message: UNSIGNED });
  if (connections < FEW) {
    const message = `the limit of open files allows ${connections} connections at a time: raise it, with LimitNOFILE= in systemd or ulimit -n`;
    say({ level: "warn", message });
  }
}

const UNSIGNED =
  "EDGE_SIGNING_KEY is not set: the origin server receives no signed assertion. better-auth-edge keygen makes a key";
const FEW = 1_000;

/** Locks the directory of the store, if there is one. */
export function dataOf(path: string | undefined): Promise<string | undefined> {
  return path === undefined ? Promise.resolve(undefined) : lockDirectory(path);
}

/** @throws {ConfigError} if the configuration binds a store, and there is no directory for it */
export function requireData({ file, bindings }: WorkerConfig, data: string | undefined): void {
  if (data === undefined && bindings.some(({ name }) => name === STORE)) {
    throw new ConfigError(`${file} binds ${STORE}: name a directory for it, with --data`);
  }
}

/** Logs a line about the edge. */
type Say = (line: LogLine) => void;

/** The edge on this machine: a socket, and processes with the packed Worker behind it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ProcessConfig, Store } from "./config.ts";
import { type Limits, limitsOf } from "./limits.ts";
import { Listener } from "./listener.ts";
import type { LogSink } from "./log.ts";
import { type Host, start } from "./process.ts";
import { Stopped, Supervisor } from "./supervisor.ts";
import { findWorkerd } from "./workerd.ts";

/** The Worker and how many processes run it. */
export interface EdgeConfig
  extends Pick<
    ProcessConfig,
    "settings" | "compatibilityDate" | "compatibilityFlags" | "trustsForwardedProto" | "hasTail"
  > {
  processes: number;
  /**
   * Whether processes whose settings have errors go on. They respond to every request with 500
   * `misconfigured`.
   */
  runsMisconfigured: boolean;
  /** The directory of the store of ended sessions, if the Worker has one. */
  data: string | undefined;
}

/** The settings have errors, so the edge would reject every request. */
export class Misconfigured extends Error {
  override name = "Misconfigured";
  /** Each with the name of the setting. */
  readonly errors: string[];

  constructor(errors: string[]) {
    super(errors.join("; "));
    this.errors = errors;
  }
}

/** An edge. Its socket stays while its processes are replaced. */
export class Edge {
  /** How many connections clients can have. */
  readonly limits: Limits;
  readonly #host: Host;
  readonly #listener: Listener;
  #supervisor: Supervisor | undefined;
  /** That of the start before, until its processes have ended. */
  #earlier: Supervisor | undefined;
  #isStopped = false;
  #generation = 0;
  #errors: string[] = [];

  /**
   * Listens on an address, for so many processes.
   *
   * @throws {NoWorkerd} if workerd is not installed
   * @throws {ListenError} if the address cannot be used
   */
  static async listen(
    address: string,
    port: number,
    processes: number,
    log: LogSink,
  ): Promise<Edge> {
    const workerd = findWorkerd();
    const limits = limitsOf(processes);
    const full = rejections(limits, log);
    return new Edge(workerd, limits, await Listener.listen(address, port, limits, full), log);
  }

  private constructor(workerd: string, limits: Limits, listener: Listener, log: LogSink) {
    this.limits = limits;
    this.#listener = listener;
    // its name is new, and only this user can read it
    const directory = mkdtempSync(join(tmpdir(), "better-auth-edge-"));
    this.#host = { workerd, directory, listener, log: (line) => this.#note(line, log) };
  }

  /** The port on which the edge listens. */
  get port(): number {
    return this.#listener.port;
  }

  /** Whether the edge was told to stop: it starts nothing any more. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /**
   * Starts processes. Those of an earlier start end once the new ones accept connections, and
   * complete the requests that they have accepted.
   *
   * @param seconds how long the earlier ones may take
   * @throws {Misconfigured} if the settings have errors
   * @throws {StartError} if a process does not start
   * @throws {Stopped} if the edge is told to stop before the end of the start
   */
  async start(config: EdgeConfig, seconds: number): Promise<void> {
    this.#rejectStopped();
    const generation = this.#generation++;
    this.#listener.respondWith("edge_unavailable");
    const earlier = this.#supervisor;
    this.#earlier = earlier;
    // one process at a time may use the databases
    if (config.data !== undefined) await earlier?.stop(seconds);
    this.#rejectStopped();
    const store = (number: number): Store | undefined => {
      if (config.data === undefined) return undefined;
      const socket = join(this.#host.directory, `store-${generation}.sock`);
      if (number > 0) return { socket };
      rmSync(socket, { force: true });
      return { socket, directory: config.data };
    };
    const supervisor = new Supervisor((number, signal) => {
      const own = { ...config, store: store(number) };
      return start(this.#host, `${generation}-${number}`, own, signal);
    }, this.#host.log);
    this.#supervisor = supervisor;
    this.#errors = [];
    const first = await supervisor.start(config.processes).catch(async (error) => {
      // `stop` lets the earlier ones complete their requests
      if (!this.#isStopped) await earlier?.stop(0);
      throw error;
    });
    const [status] = await Promise.all([first.health(), earlier?.stop(seconds)]);
    this.#rejectStopped();
    if (status !== "misconfigured") return;
    const errors = await this.#settingErrors();
    this.#rejectStopped();
    if (!config.runsMisconfigured) await supervisor.stop(0);
    throw new Misconfigured(errors);
  }

  /**
   * Responds to every request with 500 `misconfigured`, and ends the processes.
   *
   * @param seconds how long they may take
   */
  async fail(seconds: number): Promise<void> {
    this.#listener.respondWith("misconfigured");
    await this.#supervisor?.stop(seconds);
  }

  /**
   * Accepts no further request, waits for those that the processes have accepted, and ends the
   * processes. A start that is in progress ends too, and no other follows.
   *
   * @param seconds how long it may take
   */
  async stop(seconds: number): Promise<void> {
    this.#isStopped = true;
    await Promise.all([this.#earlier?.stop(seconds), this.#supervisor?.stop(seconds)]);
    this.#listener.close();
    rmSync(this.#host.directory, { recursive: true, force: true });
  }

  #rejectStopped(): void {
    if (this.#isStopped) throw new Stopped();
  }

  /** The errors of the settings. The log may arrive after the response about the health. */
  async #settingErrors(): Promise<string[]> {
    const end = Date.now() + LATEST_ERRORS;
    while (this.#errors.length === 0 && Date.now() < end && !this.#isStopped) await sleep(10);
    return this.#errors;
  }

  /** Keeps the errors of the settings, which the Worker writes to its log only. */
  #note(line: Parameters<LogSink>[0], log: LogSink): void {
    if (line.event === "misconfigured") this.#errors = String(line.message).split("; ");
    log(line);
  }
}

/** Milliseconds that the log may be behind. */
const LATEST_ERRORS = 2_000;

/** Logs how many connections the limits have rejected, at most every ten seconds. */
function rejections({ total }: Limits, log: LogSink): () => void {
  let count = 0;
  let timer: NodeJS.Timeout | undefined;
  const write = () => {
    timer = undefined;
    if (count === 0) return;
    const time = new Date().toISOString();
    log({ time, level: "warn", event: "connections_rejected", connections: count, limit: total });
    count = 0;
    timer = setTimeout(write, INTERVAL).unref();
  };
  return () => {
    count++;
    if (timer === undefined) write();
  };
}

const INTERVAL = 10_000;

/** Keeps processes of the edge running: a process that ends is started again. */
import { setTimeout as sleep } from "node:timers/promises";
import type { LogLine, LogSink } from "./log.ts";
import type { WorkerProcess } from "./process.ts";

/** Starts the process with that number. The signal says to give up. */
export type Starter = (number: number, signal: AbortSignal) => Promise<WorkerProcess>;

/** The processes were told to stop before they had started. */
export class Stopped extends Error {
  override name = "Stopped";
}

/** Milliseconds until a process is started again: doubled from the first to the last. */
const FIRST_DELAY = 100;
const LAST_DELAY = 10_000;
/** Milliseconds after which a process counts as stable. */
const STABLE = 60_000;

/** Processes that share one socket. */
export class Supervisor {
  readonly #starter: Starter;
  readonly #log: LogSink;
  readonly #processes = new Map<number, WorkerProcess>();
  readonly #starting = new Set<Promise<WorkerProcess>>();
  readonly #stopped = new AbortController();

  constructor(starter: Starter, log: LogSink) {
    this.#starter = starter;
    this.#log = log;
  }

  /**
   * Starts so many processes. The others start once the first accepts connections.
   *
   * @throws {StartError} if one of them does not start
   * @throws {Stopped} if they are told to stop before
   */
  async start(count: number): Promise<WorkerProcess> {
    const first = await this.#launch(0);
    const others = Array.from({ length: count - 1 }, (_, index) => this.#launch(index + 1));
    await Promise.all(others);
    return first;
  }

  /**
   * Stops all processes, also those that are starting, and waits for the requests that they have
   * accepted. No process starts afterwards.
   *
   * @param seconds how long it may take
   */
  async stop(seconds: number): Promise<void> {
    this.#stopped.abort();
    const ends = [...this.#processes.values()].map((process) => process.stop(seconds));
    await Promise.all([...ends, Promise.allSettled(this.#starting)]);
  }

  async #launch(number: number): Promise<WorkerProcess> {
    const process = await this.#begin(number);
    void this.#keep(number, process);
    return process;
  }

  /** Starts a process, which `stop` waits for. */
  async #begin(number: number): Promise<WorkerProcess> {
    const { signal } = this.#stopped;
    if (signal.aborted) throw new Stopped();
    const started = this.#started(number);
    this.#starting.add(started);
    try {
      return await started;
    } catch (error) {
      throw signal.aborted ? new Stopped() : error;
    } finally {
      this.#starting.delete(started);
    }
  }

  async #started(number: number): Promise<WorkerProcess> {
    const { signal } = this.#stopped;
    const process = await this.#starter(number, signal);
    if (signal.aborted) {
      await process.stop(0);
      throw new Stopped();
    }
    this.#processes.set(number, process);
    return process;
  }

  /** Starts the process again whenever it ends, later each time. */
  async #keep(number: number, process: WorkerProcess): Promise<void> {
    const { signal } = this.#stopped;
    let delay = FIRST_DELAY;
    for (let started = Date.now(); ; ) {
      const exit = await process.exited;
      this.#processes.delete(number);
      if (signal.aborted) return;
      if (Date.now() - started > STABLE) delay = FIRST_DELAY;
      this.#say({ level: "error", event: "process_ended", process: number, ...exit, delay });
      for (;;) {
        await sleep(delay, undefined, { signal }).catch(() => {});
        if (signal.aborted) return;
        delay = Math.min(delay * 2, LAST_DELAY);
        started = Date.now();
        try {
          process = await this.#begin(number);
          break;
        } catch {
          if (signal.aborted) return;
          // also for a full disk or a missing program: the other processes go on
          this.#say({ level: "error", event: "process_failed", process: number, delay });
        }
      }
      this.#say({ level: "info", event: "process_started", process: number, pid: process.pid });
    }
  }

  #say(line: LogLine): void {
    this.#log({ time: new Date().toISOString(), ...line });
  }
}

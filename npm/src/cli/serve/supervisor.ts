/** Keeps processes of the edge running: a process that ends is started again. */
import { setTimeout as sleep } from "node:timers/promises";
import type { LogLine, LogSink } from "./log.ts";
import type { WorkerProcess } from "./process.ts";

/** Starts the process with that number. */
export type Starter = (number: number) => Promise<WorkerProcess>;

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
  readonly #stopped = new AbortController();

  constructor(starter: Starter, log: LogSink) {
    this.#starter = starter;
    this.#log = log;
  }

  /**
   * Starts so many processes. The others start once the first accepts connections.
   *
   * @throws {StartError} if one of them does not start
   */
  async start(count: number): Promise<WorkerProcess> {
    const first = await this.#launch(0);
    const others = Array.from({ length: count - 1 }, (_, index) => this.#launch(index + 1));
    await Promise.all(others);
    return first;
  }

  /**
   * Stops all processes, and waits for the requests that they have accepted.
   *
   * @param seconds how long it may take
   */
  async stop(seconds: number): Promise<void> {
    this.#stopped.abort();
    await Promise.all([...this.#processes.values()].map((process) => process.stop(seconds)));
  }

  async #launch(number: number): Promise<WorkerProcess> {
    const process = await this.#starter(number);
    this.#processes.set(number, process);
    if (this.#stopped.signal.aborted) await process.stop(0);
    else void this.#keep(number, process);
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
          process = await this.#starter(number);
          break;
        } catch {
          // also for a full disk or a missing program: the other processes go on
          this.#say({ level: "error", event: "process_failed", process: number, delay });
        }
      }
      this.#processes.set(number, process);
      if (signal.aborted) return process.stop(0);
      this.#say({ level: "info", event: "process_started", process: number, pid: process.pid });
    }
  }

  #say(line: LogLine): void {
    this.#log({ time: new Date().toISOString(), ...line });
  }
}

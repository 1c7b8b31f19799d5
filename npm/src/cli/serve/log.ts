/** The log of the processes: one JSON object a line, on standard output. */
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

/** A line of the log. */
export type LogLine = { level: string } & Record<string, unknown>;

/** Receives a line, with its time in ISO 8601. */
export type LogSink = (line: LogLine & { time: string }) => void;

/**
 * Writes lines to a stream. If the stream's reader is slow, lines beyond a limit are dropped: a
 * process that waited for the reader would serve no requests.
 */
export class Log {
  readonly #stream: Writable;
  readonly #limit: number;
  #dropped = 0;

  /** @param limit the bytes that may wait for the reader: at least the stream's high-water mark */
  constructor(stream: Writable, limit = WAITING) {
    this.#stream = stream;
    this.#limit = limit;
  }

  readonly write: LogSink = ({ time, ...line }) => {
    if (this.#stream.writableLength < this.#limit) {
      this.#stream.write(`${JSON.stringify({ time, ...line })}\n`);
      return;
    }
    if (this.#dropped === 0) this.#stream.once("drain", () => this.#tell());
    this.#dropped++;
  };

  /**
   * Waits until the reader has all lines.
   *
   * @param milliseconds how long it may take
   * @returns whether it has them
   */
  async settled(milliseconds: number): Promise<boolean> {
    const written = new Promise((done) => this.#stream.write("", done));
    await Promise.race([written, sleep(milliseconds, undefined, { ref: false })]);
    return this.#stream.writableLength === 0;
  }

  #tell(): void {
    const lines = this.#dropped;
    this.#dropped = 0;
    const time = new Date().toISOString();
    this.write({ time, level: "warn", event: "log_lines_dropped", lines });
  }
}

/** Bytes: about a thousand lines. */
const WAITING = 262_144;

/** Passes what a stream of workerd says to the log. */
export function follow(stream: Readable, sink: LogSink): void {
  const lines = createInterface({ input: stream });
  lines.on("line", (text) => {
    if (!text.includes(NO_CONNECT)) sink(parsed(text));
  });
}

/** workerd logs a CONNECT request twice: this, and the exception. */
const NO_CONNECT = "Received a connect event but we lack a handler";

/**
 * A line of workerd, which has a time, a level and a message. A message of the edge is the edge's
 * own line, a JSON object.
 */
function parsed(text: string): LogLine & { time: string } {
  const { timestamp, level, message } = object(text) ?? {};
  const time = new Date(typeof timestamp === "number" ? timestamp : Date.now()).toISOString();
  if (typeof message !== "string") return { time, level: "error", message: text };
  const line = object(message);
  if (typeof line?.level === "string" || typeof line?.event === "string") {
    return { time, ...line, level: String(line.level ?? level) };
  }
  return { time, level: LEVELS[String(level)] ?? String(level), message };
}

const LEVELS: Record<string, string> = { warning: "warn", log: "info" };

function object(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

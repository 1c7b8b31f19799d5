/** The log of the processes: one JSON object a line, on standard output. */
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { parseObject } from "../json.ts";
import { printError } from "../terminal.ts";

/** A line of the log. */
export type LogLine = { level: string } & Record<string, unknown>;

/** Receives a line, with its time in ISO 8601. */
export type LogSink = (line: LogLine & { time: string }) => void;

/**
 * Writes lines to a stream. If the stream's reader is slow, lines beyond a limit are dropped: a
 * process that waited for the reader would serve no requests. If the reader is gone, all lines are
 * dropped: the end of a log must not end the edge.
 */
export class Log {
  readonly #stream: Writable;
  readonly #limit: number;
  #dropped = 0;
  #hasReader = true;
  #isLossy = false;

  /** @param limit the bytes that may wait for the reader: at least the stream's high-water mark */
  constructor(stream: Writable, limit = WAITING) {
    this.#stream = stream;
    this.#limit = limit;
    stream.on("error", (error: NodeJS.ErrnoException) => this.#lose(error.code));
  }

  readonly write: LogSink = ({ time, ...line }) => {
    if (!this.#hasReader) return;
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
    return !this.#hasReader || this.#stream.writableLength === 0;
  }

  /** Says once that lines are lost. A disk that is full may have room again. */
  #lose(code: string | undefined): void {
    if (!this.#isLossy) {
      printError(`the log cannot be written (${code}): lines are lost, and the edge goes on`);
    }
    this.#isLossy = true;
    if (code === "EPIPE" || code === "ECONNRESET") this.#hasReader = false;
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

/**
 * Passes what a stream of workerd says to the log. The edge limits its own lines. Those of workerd
 * have a limit here, because a client can cause one with each request.
 */
export function follow(stream: Readable, sink: LogSink): void {
  const lines = createInterface({ input: stream });
  const limited = limitLines(sink);
  lines.on("line", (text) => {
    const { time, level, message } = parsed(text);
    const own = parseObject(message);
    if (typeof own?.level === "string" || typeof own?.event === "string") {
      sink({ time, ...own, level: String(own.level ?? level) });
    } else if (!NO_CONNECT.test(message)) {
      limited({ time, level, message });
    }
  });
}

/** The two lines of workerd about a CONNECT request, which the edge does not support. */
const NO_CONNECT = /Received a connect event but we lack a handler|does not export a connect\(\)/;

/** The most lines a second that pass, as many as the edge logs about rejections. */
const LINES = 20;

/** Passes some lines in each second on, and then says how many more there were. */
function limitLines(sink: LogSink): LogSink {
  let count = 0;
  const next = () => {
    const lines = count - LINES;
    count = 0;
    if (lines <= 0) return;
    const time = new Date().toISOString();
    sink({ time, level: "warn", event: "runtime_lines_dropped", lines });
  };
  return (line) => {
    if (count++ === 0) setTimeout(next, 1_000).unref();
    if (count <= LINES) sink(line);
  };
}

/** A line of workerd, which has a time, a level and a message. */
function parsed(text: string): { time: string; level: string; message: string } {
  const { timestamp, level, message } = parseObject(text) ?? {};
  const time = new Date(typeof timestamp === "number" ? timestamp : Date.now()).toISOString();
  if (typeof message !== "string") return { time, level: "error", message: text };
  return { time, level: LEVELS[String(level)] ?? String(level), message };
}

const LEVELS: Record<string, string> = { warning: "warn", log: "info" };

/** The log of the processes: one JSON object a line, on standard output. */
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** A line of the log. */
export type LogLine = { level: string } & Record<string, unknown>;

/** Receives a line, with its time in ISO 8601. */
export type LogSink = (line: LogLine & { time: string }) => void;

/** Writes a line to standard output. */
export const writeLine: LogSink = ({ time, ...line }) => {
  process.stdout.write(`${JSON.stringify({ time, ...line })}\n`);
};

/** Passes what a stream of workerd says to the log, and stops to read while the log is full. */
export function follow(stream: Readable, sink: LogSink): void {
  const lines = createInterface({ input: stream });
  lines.on("line", (text) => {
    if (text.includes(NO_CONNECT)) return;
    sink(parsed(text));
    if (!process.stdout.writableNeedDrain || stream.isPaused()) return;
    lines.pause();
    process.stdout.once("drain", () => lines.resume());
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

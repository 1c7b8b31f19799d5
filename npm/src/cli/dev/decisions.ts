/** Shows the decisions of the edge to a developer, one line for each request. */
import { explain } from "../explanations.ts";
import { parseObject } from "../json.ts";
import type { LogSink } from "../serve/log.ts";
import { outputColors, print, printable } from "../terminal.ts";

/** A request, as the tail of the Worker reports it. */
interface RequestLine {
  method: string;
  path: string;
  status?: number;
  outcome: string;
  logs: { level: string; message: unknown[] }[];
  exceptions: string[];
}

/** A decision, as the edge logs it: docs/operations.md. */
interface Decision {
  decision: "forward" | "respond";
  code?: string | null;
  cause?: string | null;
  credential?: string | null;
  rule?: { path: string } | null;
  upstream_ms?: number;
}

/** Prints a line of the Worker's log. */
export const showLine: LogSink = ({ time, level, event, message, ...line }) => {
  const clock = outputColors.dim(clockOf(time));
  if (event === "request") return showRequest(clock, line as unknown as RequestLine);
  // the line of the request contains it
  if ("decision" in line) return;
  // the edge has read these errors from the log, and `dev` prints them
  if (event === "misconfigured") return;
  const text = typeof message === "string" ? message : JSON.stringify({ event, ...line });
  print(`${clock} ${colored(level)} ${printable(text, 2_000)}`);
};

function showRequest(clock: string, line: RequestLine): void {
  const decision = decisionIn(line);
  if (line.path === HEALTH) {
    const isOwn = isStarting;
    isStarting = false;
    if (!decision?.cause) return;
    if (isOwn) {
      lastCause = decision.cause;
      print(`${clock} ${colored("warn")} ${unhealthy(decision)}`);
      return;
    }
  }
  const status = line.status ?? (line.outcome === "ok" ? undefined : line.outcome);
  const parts = [
    clock,
    line.method.padEnd(6),
    printable(line.path),
    statusText(status),
    decision?.code,
    decision?.decision === "forward" ? outputColors.dim("→ API") : undefined,
    decision?.credential ?? undefined,
    decision?.rule ? outputColors.dim(`rule ${printable(decision.rule.path)}`) : undefined,
    decision?.upstream_ms === undefined
      ? undefined
      : outputColors.dim(`${decision.upstream_ms} ms`),
  ];
  print(parts.filter((part) => part !== undefined && part !== null && part !== "").join("  "));
  // the settings' errors are above
  const isKnown = decision?.code === "misconfigured";
  const advice = isKnown ? undefined : adviceOn(decision);
  if (advice) print(`         ${outputColors.yellow(printable(advice, 500))}`);
  for (const text of line.exceptions) print(`         ${outputColors.red(printable(text, 500))}`);
}

/** Says that a start follows, after which `dev` itself asks for the edge's health. */
export function expectStart(): void {
  isStarting = true;
}

let isStarting = false;

/** What a health check of the edge itself has found, in words. */
function unhealthy({ code, cause }: Decision): string {
  return printable(`${explain(code ?? "")?.title ?? "The edge is not healthy"}: ${cause}`, 500);
}

/**
 * The cause of a decision, unless the last one is shown already; without a cause, what to do about
 * the error.
 */
function adviceOn({ cause, code }: Partial<Decision> = {}): string | undefined {
  if (!cause) return cureOf(code);
  const isShown = cause === lastCause;
  lastCause = cause;
  return isShown ? undefined : cause;
}

let lastCause: string | undefined;

/** What to do about an error code, when it is shown first. */
function cureOf(code: string | null | undefined): string | undefined {
  if (!code || explained.has(code)) return undefined;
  explained.add(code);
  return explain(code)?.cure;
}

const explained = new Set<string>();

const HEALTH = "/.well-known/better-auth-edge/health";

function decisionIn({ logs }: RequestLine): Decision | undefined {
  for (const { message } of logs) {
    const [text] = message;
    const line = parseObject(String(text));
    if (line?.decision !== undefined) return line as unknown as Decision;
  }
  return undefined;
}

function statusText(status: number | string | undefined): string {
  const text = String(status ?? "");
  if (typeof status !== "number" || status >= 500) return outputColors.red(text);
  return status >= 400 ? outputColors.yellow(text) : outputColors.green(text);
}

function colored(level: string): string {
  if (level === "error") return outputColors.red(level);
  return level === "warn" ? outputColors.yellow(level) : level;
}

/** The time of day on this machine. */
function clockOf(time: string): string {
  return new Date(time).toTimeString().slice(0, 8);
}

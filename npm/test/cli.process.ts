/** Runs the program as people do: as a process, built. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../dist/node/cli.js", import.meta.url));

/** How it ended and what it said. */
export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs it with these arguments and this standard input. */
export function run(args: string[], input = ""): Promise<Outcome> {
  return outcome(process.execPath, [PROGRAM, ...args], input);
}

/** The same on a terminal, which shows both outputs as one; lines end as on a terminal. */
export async function runOnTerminal(args: string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  const quoted = [process.execPath, PROGRAM, ...args].map((word) => `'${word}'`).join(" ");
  return outcome("script", ["-qec", quoted, "/dev/null"], "", env);
}

/** What `--json` printed. */
// biome-ignore lint/suspicious/noExplicitAny: tests say what they expect
export function json({ stdout }: Outcome): any {
  return JSON.parse(stdout);
}

async function outcome(
  command: string,
  args: string[],
  input: string,
  env: NodeJS.ProcessEnv = {},
): Promise<Outcome> {
  const { PATH, HOME } = process.env;
  const child = spawn(command, args, { env: { PATH, HOME, TERM: "xterm", ...env } });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    stdout += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
  });
  // a program that refuses its arguments does not read on
  child.stdin.on("error", () => {}).end(input);
  const [code] = await once(child, "close");
  return { code, stdout, stderr };
}

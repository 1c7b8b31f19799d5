/** Runs the built CLI as a process. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** The path of the built program. */
export const PROGRAM = fileURLToPath(new URL("../dist/node/cli.js", import.meta.url));

/** The exit code and the output of a process. */
export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the CLI with arguments and a standard input, in a directory. */
export function run(args: string[], input = "", cwd?: string): Promise<Outcome> {
  return outcome(process.execPath, [PROGRAM, ...args], input, {}, cwd);
}

/** Runs the CLI on a pseudo-terminal, which merges both outputs into `stdout`. */
export async function runOnTerminal(args: string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  const quoted = [process.execPath, PROGRAM, ...args].map((word) => `'${word}'`).join(" ");
  return outcome("script", ["-qec", quoted, "/dev/null"], "", env);
}

/** Parses the output of `--json`. */
// biome-ignore lint/suspicious/noExplicitAny: the tests assert the shape
export function json({ stdout }: Outcome): any {
  return JSON.parse(stdout);
}

/** Runs a command as a process. */
export async function outcome(
  command: string,
  args: string[],
  input: string,
  env: NodeJS.ProcessEnv = {},
  cwd?: string,
): Promise<Outcome> {
  const { PATH, HOME } = process.env;
  const child = spawn(command, args, { cwd, env: { PATH, HOME, TERM: "xterm", ...env } });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    stdout += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
  });
  // the CLI does not read standard input if its arguments are wrong
  child.stdin.on("error", () => {}).end(input);
  const [code] = await once(child, "close");
  return { code, stdout, stderr };
}

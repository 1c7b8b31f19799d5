#!/usr/bin/env node
// `npx better-auth-edge`: sets up projects, runs the edge, and inspects keys, tokens and
// deployments.
import { type Command, readArguments, suggestion, UsageError } from "./arguments.ts";
import { dev } from "./dev/index.ts";
import { doctor } from "./doctor/index.ts";
import { init } from "./init/index.ts";
import { jwks } from "./jwks.ts";
import { keygen } from "./keygen.ts";
import { mcp } from "./mcp/index.ts";
import { serve } from "./serve/index.ts";
import { errorColors, printable, printError } from "./terminal.ts";
import { verify } from "./verify.ts";
import { version } from "./version.ts";

const COMMANDS: Record<string, Command> = { init, dev, serve, jwks, verify, keygen, doctor, mcp };

const HELP = `Sets up and runs better-auth-edge, and inspects its keys, tokens and deployments.

Usage: better-auth-edge <command> [options]

Commands
${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(8)}  ${summary}`)
  .join("\n")}

Options
  -h, --help     show this help, or the help of a command
  -v, --version  show the version

Examples
  npx better-auth-edge init
  npx better-auth-edge jwks https://app.example.com/api/auth/jwks
  pbpaste | npx better-auth-edge verify --base-url https://app.example.com
  npx better-auth-edge keygen | npx wrangler secret put EDGE_SIGNING_KEY
  npx better-auth-edge doctor https://edge.example.com
  npx better-auth-edge dev --api http://localhost:8000 --auth http://localhost:3000

Exit codes: 0 for success, 1 if a check failed, 2 if the command line is wrong.
`;

process.stdout.on("error", endWithReader);
// without a reader of its messages, the command goes on
process.stderr.on("error", () => {});
process.exitCode = await run(process.argv.slice(2));

async function run([name, ...rest]: string[]): Promise<number> {
  if (name === "-h" || name === "--help" || (name === "help" && rest.length === 0)) {
    process.stdout.write(HELP);
    return 0;
  }
  if (name === "-v" || name === "--version") {
    process.stdout.write(`${version()}\n`);
    return 0;
  }
  if (name === undefined) {
    process.stderr.write(HELP);
    return 2;
  }
  if (name === "help") return run([...rest.slice(0, 1), "--help"]);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) return usageError(unknownCommand(name), "better-auth-edge --help");
  if (rest.includes("-h") || rest.includes("--help")) {
    process.stdout.write(command.help);
    return 0;
  }
  if (command.outlivesReader) process.stdout.off("error", endWithReader);
  try {
    return await command.run(readArguments(command, rest));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return usageError(error.message, `better-auth-edge ${name} --help`);
  }
}

/** A reader such as `head` closes the pipe early, which is not an error. */
function endWithReader({ code }: NodeJS.ErrnoException): void {
  process.exit(code === "EPIPE" ? 0 : 1);
}

/** Repeats the word only if it is too short to be a misplaced token. */
function unknownCommand(name: string): string {
  if (name.length > 20) return "the command does not exist";
  const nearMiss = suggestion(name, Object.keys(COMMANDS));
  const hint = nearMiss ? ` (did you mean ${nearMiss}?)` : "";
  return `the command ${printable(name)} does not exist${hint}`;
}

function usageError(message: string, help: string): number {
  printError(`${errorColors.red("error:")} ${message}\n${errorColors.dim(`see ${help}`)}`);
  return 2;
}

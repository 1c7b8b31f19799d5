import { parseArgs } from "node:util";

/** A command of the CLI. */
export interface Command {
  /** One line for the list of commands. */
  summary: string;
  /** The output of `--help`. */
  help: string;
  /** The name of the command's one positional argument, if it takes one. */
  argument?: string;
  /** The command's options, by their names without `--`. */
  options: Record<string, OptionKind>;
  /** Whether the command decides what happens when standard output cannot be written. */
  outlivesReader?: boolean;
  /** Runs the command and returns the exit code. */
  run(args: Arguments): Promise<number>;
}

/** A switch, an option with one value, or an option that may be repeated. */
export type OptionKind = "switch" | "value" | "values";

/** A command's parsed arguments. */
export class Arguments {
  readonly #values: Map<string, string[]>;
  /** The positional argument; empty if the command takes none. */
  readonly positional: string;

  constructor(positional: string, values: Map<string, string[]>) {
    this.positional = positional;
    this.#values = values;
  }

  /** Whether the switch is set. */
  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** The value of an option. */
  value(name: string): string | undefined {
    return this.#values.get(name)?.[0];
  }

  /** All values of a repeatable option, each of which may be a comma-separated list. */
  values(name: string): string[] | undefined {
    const values = this.#values.get(name)?.flatMap((value) => value.split(","));
    return values?.map((value) => value.trim());
  }

  /**
   * An option's value as an http(s) URL.
   *
   * @throws {UsageError} if it is not one
   */
  url(name: string): URL | undefined {
    const value = this.value(name);
    return value === undefined ? undefined : readUrl(value, `--${name}`);
  }

  /**
   * An option's value as a whole number of seconds.
   *
   * @throws {UsageError} if it is not one
   */
  seconds(name: string): number | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (!/^\d{1,9}$/.test(value)) throw new UsageError(`--${name} is not a number of seconds`);
    return Number(value);
  }
}

/** The command line is wrong. The message never repeats a value, which may be a token. */
export class UsageError extends Error {
  override name = "UsageError";
}

/**
 * Parses the arguments after a command's name.
 *
 * @throws {UsageError} if an argument is unknown, repeated, or has or lacks a value
 */
export function readArguments(command: Command, args: string[]): Arguments {
  const options = Object.fromEntries(
    Object.entries(command.options).map(([name, kind]) => [
      name,
      { type: kind === "switch" ? ("boolean" as const) : ("string" as const) },
    ]),
  );
  const { tokens } = parseArgs({ args, options, strict: false, tokens: true });
  const values = new Map<string, string[]>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const kind = Object.hasOwn(command.options, token.name)
      ? command.options[token.name]
      : undefined;
    if (!kind) throw new UsageError(unknownOption(token.rawName, command));
    const value = readValue(token, kind);
    const earlier = values.get(token.name);
    if (earlier && kind !== "values") throw new UsageError(`--${token.name} is given twice`);
    values.set(token.name, [...(earlier ?? []), value]);
  }
  return new Arguments(readPositional(command, positionals), values);
}

function readValue(
  token: { name: string; value?: string | undefined; inlineValue?: boolean | undefined },
  kind: OptionKind,
): string {
  const { name, value } = token;
  if (kind === "switch") {
    if (value !== undefined) throw new UsageError(`--${name} takes no value`);
    return "";
  }
  const looksLikeOption = !token.inlineValue && value !== undefined && /^-./.test(value);
  if (value === undefined || value === "" || looksLikeOption) {
    throw new UsageError(`--${name} requires a value`);
  }
  return value;
}

function readPositional(command: Command, positionals: string[]): string {
  const { argument } = command;
  if (positionals.length > (argument === undefined ? 0 : 1)) {
    throw new UsageError(
      argument === undefined
        ? "the command takes options only; write a value after its option"
        : `the command takes one argument, ${argument}`,
    );
  }
  const [value = ""] = positionals;
  if (argument !== undefined && value === "") throw new UsageError(`${argument} is missing`);
  return value;
}

function unknownOption(rawName: string, command: Command): string {
  const names = [...Object.keys(command.options), "help"].map((name) => `--${name}`);
  if (rawName.length > 30) return "the option does not exist";
  const nearMiss = suggestion(rawName, names);
  // `parseArgs` reads everything from "--" to "=" as the name
  const shown = /^--?[\w-]+$/.test(rawName) ? ` ${rawName}` : "";
  return `the option${shown} does not exist${nearMiss ? ` (did you mean ${nearMiss}?)` : ""}`;
}

/**
 * Parses an http(s) URL from the command line.
 *
 * @param what the argument, for the message
 * @throws {UsageError} if it is not such a URL; the message does not repeat it, because it may
 *   contain a password
 */
export function readUrl(value: string, what: string): URL {
  // the parser would remove some of these characters
  const isClean = !/[\p{C}\p{Z}]/u.test(value);
  const url = isClean && URL.canParse(value) ? new URL(value) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`${what} is not a URL that begins with https:// or http://${EXAMPLE}`);
  }
  // the parser accepts quotes and `$(…)` in a host, and the commands print URLs for shells
  if (!/^(\[[\da-f:.]+\]|[\w.-]+)$/.test(url.hostname)) {
    throw new UsageError(`${what} has a host with unusual characters`);
  }
  if (url.username || url.password) {
    throw new UsageError(`${what} contains a user or a password: remove it`);
  }
  return url;
}

const EXAMPLE = ", such as http://localhost:3000";

/** The word nearest to what the user typed, if it is near enough. */
export function suggestion(typed: string, words: string[]): string | undefined {
  const ranked = words.map((word) => ({ word, distance: editDistance(typed, word) }));
  ranked.sort((a, b) => a.distance - b.distance);
  const [best] = ranked;
  const limit = Math.max(2, Math.floor(typed.length / 4));
  return best && best.distance <= limit ? best.word : undefined;
}

/** The number of characters to insert, delete or replace (Levenshtein distance). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

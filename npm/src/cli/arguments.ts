/** Reads a command's arguments. What is not understood is refused, and never shown: it may be a token. */
import { parseArgs } from "node:util";

/** Something that the program can do. */
export interface Command {
  /** In one line. */
  summary: string;
  /** What `--help` prints. */
  help: string;
  /** What its one argument is called, if it takes one. */
  argument?: string;
  /** Its options by their names without `--`. */
  options: Record<string, Option>;
  /** Does it, and gives the exit code. */
  run(given: Given): Promise<number>;
}

/** An option: a switch, or one that takes a value, once or several times. */
export type Option = "switch" | "value" | "values";

/** What was given. */
export class Given {
  readonly #values: Map<string, string[]>;
  /** The one argument; empty where the command takes none. */
  readonly argument: string;

  constructor(argument: string, values: Map<string, string[]>) {
    this.argument = argument;
    this.#values = values;
  }

  /** Whether this switch was given. */
  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** The value of an option that is given at most once. */
  value(name: string): string | undefined {
    return this.#values.get(name)?.[0];
  }

  /** All values of an option; several in one are separated by commas. */
  values(name: string): string[] | undefined {
    const given = this.#values.get(name)?.flatMap((value) => value.split(","));
    return given?.map((value) => value.trim());
  }

  /** An http(s) URL. */
  url(name: string): URL | undefined {
    const value = this.value(name);
    return value === undefined ? undefined : readUrl(value, `--${name}`);
  }

  /** A whole number of seconds. */
  seconds(name: string): number | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (!/^\d{1,9}$/.test(value)) throw new UsageError(`--${name} is not a number of seconds`);
    return Number(value);
  }
}

/** The command cannot be understood. */
export class UsageError extends Error {
  override name = "UsageError";
}

/**
 * Reads what stands behind a command's name.
 *
 * @throws {UsageError}
 */
export function readArguments(command: Command, args: string[]): Given {
  const options = Object.fromEntries(
    Object.entries(command.options).map(([name, option]) => [
      name,
      { type: option === "switch" ? ("boolean" as const) : ("string" as const) },
    ]),
  );
  const { tokens } = parseArgs({ args, options, strict: false, tokens: true });
  const values = new Map<string, string[]>();
  const positional: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positional.push(token.value);
    if (token.kind !== "option") continue;
    const option = Object.hasOwn(command.options, token.name)
      ? command.options[token.name]
      : undefined;
    if (!option) throw new UsageError(unknownOption(token.rawName, command));
    const value = readValue(token, option);
    const earlier = values.get(token.name);
    if (earlier && option !== "values") throw new UsageError(`--${token.name} is given twice`);
    values.set(token.name, [...(earlier ?? []), value]);
  }
  return new Given(readPositional(command, positional), values);
}

function readValue(
  token: { name: string; value?: string | undefined; inlineValue?: boolean | undefined },
  option: Option,
): string {
  const { name, value } = token;
  if (option === "switch") {
    if (value !== undefined) throw new UsageError(`--${name} takes no value`);
    return "";
  }
  const looksLikeOption = !token.inlineValue && value !== undefined && /^-./.test(value);
  if (value === undefined || value === "" || looksLikeOption) {
    throw new UsageError(`--${name} needs a value`);
  }
  return value;
}

function readPositional(command: Command, given: string[]): string {
  const { argument } = command;
  if (given.length > (argument === undefined ? 0 : 1)) {
    throw new UsageError(
      argument === undefined
        ? "it takes options only; a value stands behind its option"
        : `it takes one argument, ${argument}`,
    );
  }
  const [value = ""] = given;
  if (argument !== undefined && value === "") throw new UsageError(`${argument} is missing`);
  return value;
}

function unknownOption(rawName: string, command: Command): string {
  const names = [...Object.keys(command.options), "help"].map((name) => `--${name}`);
  if (rawName.length > 30) return "there is no such option";
  const meant = suggestion(rawName, names);
  // parseArgs takes everything from "--" to "=" for a name
  const shown = /^--?[\w-]+$/.test(rawName) ? ` ${rawName}` : "";
  return `there is no option${shown}${meant ? `; is it ${meant}?` : ""}`;
}

/**
 * Reads an http(s) URL that somebody typed.
 *
 * @throws {UsageError} which does not repeat it: it may hold a password
 */
export function readUrl(value: string, what: string): URL {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`${what} is not a URL that begins with https:// or http://`);
  }
  if (url.username || url.password) {
    throw new UsageError(`${what} has a user or a password in it, which nobody should see`);
  }
  return url;
}

/** The word that was probably meant, if one is near. */
export function suggestion(typed: string, words: string[]): string | undefined {
  const near = words.map((word) => ({ word, far: distance(typed, word) }));
  near.sort((a, b) => a.far - b.far);
  const [best] = near;
  const tolerated = Math.max(2, Math.floor(typed.length / 4));
  return best && best.far <= tolerated ? best.word : undefined;
}

/** How many letters are to be put in, taken out or changed (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const changed = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(changed, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

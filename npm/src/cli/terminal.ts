/** Colors for a stream, if it is a terminal that shows them (https://no-color.org). */
class Colors {
  readonly #enabled: boolean;

  constructor(stream: NodeJS.WriteStream) {
    const { NO_COLOR, TERM } = process.env;
    this.#enabled = stream.isTTY === true && !NO_COLOR && TERM !== "dumb";
  }

  bold = (text: string) => this.#style(text, 1, 22);
  dim = (text: string) => this.#style(text, 2, 22);
  red = (text: string) => this.#style(text, 31, 39);
  green = (text: string) => this.#style(text, 32, 39);
  yellow = (text: string) => this.#style(text, 33, 39);

  #style(text: string, on: number, off: number): string {
    return this.#enabled ? `\x1b[${on}m${text}\x1b[${off}m` : text;
  }
}

/** Colors for standard output. */
export const outputColors = new Colors(process.stdout);
/** Colors for standard error. */
export const errorColors = new Colors(process.stderr);

/** Prints one line or more to standard output. */
export function print(text = ""): void {
  process.stdout.write(`${sanitized(text)}\n`);
}

/** Prints one line or more to standard error. */
export function printError(text: string): void {
  process.stderr.write(`${sanitized(text)}\n`);
}

/** Prints JSON, with every character that is not plainly printable as an ASCII escape. */
export function printJson(value: unknown): void {
  const lines = JSON.stringify(value, null, 2).split("\n");
  print(lines.map((line) => line.replace(NOT_PRINTABLE, jsonEscape)).join("\n"));
}

/**
 * Untrusted text on one line, cut to a maximum length. Characters that could control the terminal,
 * change the reading direction or be invisible are escaped.
 */
export function printable(text: string, maxLength = 200): string {
  const shown = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  return shown.replace(NOT_PRINTABLE, unicodeEscape);
}

/** Whether the text is plainly printable, so that `print` does not change it. */
export function isPrintable(text: string): boolean {
  return printable(text, Number.POSITIVE_INFINITY) === text;
}

/**
 * Characters that are not plainly printable: controls (C0, DEL, C1), format characters
 * (bidirectional controls, zero widths, tags), lone surrogates, private use, unassigned code
 * points, line and paragraph separators, every space but U+0020, and characters that a terminal may
 * omit, such as variation selectors.
 */
const NOT_PRINTABLE = /(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/gu;

/** Escapes what the caller did not, except for this program's own colors and line breaks. */
function sanitized(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: color sequences begin with one
  const parts = text.split(/(\x1b\[\d+m|\n)/);
  return parts
    .map((part, i) => (i % 2 ? part : part.replace(NOT_PRINTABLE, unicodeEscape)))
    .join("");
}

function unicodeEscape(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code > 0xffff ? `\\u{${code.toString(16)}}` : jsonEscape(character);
}

/** The escape of JSON and JavaScript, for each UTF-16 code unit. */
function jsonEscape(character: string): string {
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}

/** A JSON value on one line; a string without quotes. */
export function formatValue(value: unknown): string {
  if (typeof value === "string") return printable(value);
  return printable(JSON.stringify(value) ?? "");
}

/** The width of paragraphs, in columns. A terminal of unknown size has 0 columns. */
const WIDTH = Math.min(process.stdout.columns || 100, 100);

/** A paragraph whose lines begin with this many spaces. Words that are too long stay whole. */
export function paragraph(text: string, indent: number): string {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length + 1 <= WIDTH - indent) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines.map((line) => " ".repeat(indent) + line).join("\n");
}

/** A table of rows, the first of which is its head. */
export function table([head = [], ...rows]: string[][]): string {
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => width(row[i] ?? ""))));
  const line = (row: string[]) =>
    row
      .map((cell, i) => cell + " ".repeat((widths[i] ?? 0) - width(cell)))
      .join("  ")
      .trimEnd();
  return [outputColors.dim(line(head)), ...rows.map(line)].join("\n");
}

/** The number of characters, without color sequences. */
function width(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: color sequences begin with one
  return text.replace(/\x1b\[\d+m/g, "").length;
}

/** Awaits the promise. On a terminal, shows the task and the seconds that it has taken. */
export async function withProgress<T>(task: string, promise: Promise<T>): Promise<T> {
  if (!process.stderr.isTTY) return promise;
  let seconds = 0;
  const timer = setInterval(() => {
    seconds++;
    process.stderr.write(`\r\x1b[K${errorColors.dim(`${task} … ${seconds} s`)}`);
  }, 1000);
  try {
    return await promise;
  } finally {
    clearInterval(timer);
    if (seconds > 0) process.stderr.write("\r\x1b[K");
  }
}

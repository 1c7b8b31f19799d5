/** What people see: colours, tables, paragraphs, and a sign of life while they wait. */

/** Colours for a stream: only on a terminal that wants them (https://no-color.org). */
class Colours {
  readonly #on: boolean;

  constructor(stream: NodeJS.WriteStream) {
    const { NO_COLOR, TERM } = process.env;
    this.#on = stream.isTTY === true && !NO_COLOR && TERM !== "dumb";
  }

  bold = (text: string) => this.#paint(text, 1, 22);
  dim = (text: string) => this.#paint(text, 2, 22);
  red = (text: string) => this.#paint(text, 31, 39);
  green = (text: string) => this.#paint(text, 32, 39);
  yellow = (text: string) => this.#paint(text, 33, 39);

  #paint(text: string, on: number, off: number): string {
    return this.#on ? `\x1b[${on}m${text}\x1b[${off}m` : text;
  }
}

/** Colours of what goes to standard output. */
export const output = new Colours(process.stdout);
/** Colours of what goes to standard error. */
export const errors = new Colours(process.stderr);

/** Prints a line, or several. */
export function print(text = ""): void {
  process.stdout.write(`${harmless(text)}\n`);
}

/** The same on standard error. */
export function complain(text: string): void {
  process.stderr.write(`${harmless(text)}\n`);
}

/** Prints what programs read, and people too: as ASCII where a character is not plainly printable. */
export function printJson(value: unknown): void {
  const lines = JSON.stringify(value, null, 2).split("\n");
  print(lines.map((line) => line.replace(NOT_PRINTABLE, inJson)).join("\n"));
}

/**
 * A stranger's text in one line, without what would steer the terminal, turn the reading direction
 * around or not be seen, and not endless.
 */
export function printable(text: string, longest = 200): string {
  const shown = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return shown.replace(NOT_PRINTABLE, escaped);
}

/**
 * What is not plainly printable: controls (C0, DEL, C1), format characters (bidirectional ones, zero
 * widths, tags), lone surrogates, private use, what is not assigned, line and paragraph separators,
 * all spaces but the usual one, and whatever a terminal may leave out, as variation selectors.
 */
const NOT_PRINTABLE = /(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/gu;

/** Without what passed unseen; colours and line ends of our own stay. */
function harmless(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
  const parts = text.split(/(\x1b\[\d+m|\n)/);
  return parts.map((part, i) => (i % 2 ? part : part.replace(NOT_PRINTABLE, escaped))).join("");
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code > 0xffff ? `\\u{${code.toString(16)}}` : inJson(character);
}

/** As JSON and JavaScript write code units. */
function inJson(character: string): string {
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}

/** A JSON value in one line. */
export function shown(value: unknown): string {
  if (typeof value === "string") return printable(value);
  return printable(JSON.stringify(value) ?? "");
}

/** How wide a paragraph may be. */
const WIDTH = Math.min(process.stdout.columns ?? 100, 100);

/** A paragraph, each line of it behind this many spaces; words that are too long stay whole. */
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

/** Rows in columns; the first row is the head. */
export function table([head = [], ...rows]: string[][]): string {
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => width(row[i] ?? ""))));
  const line = (row: string[]) =>
    row
      .map((cell, i) => cell + " ".repeat((widths[i] ?? 0) - width(cell)))
      .join("  ")
      .trimEnd();
  return [output.dim(line(head)), ...rows.map(line)].join("\n");
}

/** Letters, without colours. */
function width(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
  return text.replace(/\x1b\[\d+m/g, "").length;
}

/** What the promise gives; on a terminal, whoever waits for longer than a second is told for what. */
export async function waiting<T>(what: string, promise: Promise<T>): Promise<T> {
  if (!process.stderr.isTTY) return promise;
  let seconds = 0;
  const timer = setInterval(() => {
    seconds++;
    process.stderr.write(`\r\x1b[K${errors.dim(`${what} … ${seconds} s`)}`);
  }, 1000);
  try {
    return await promise;
  } finally {
    clearInterval(timer);
    if (seconds > 0) process.stderr.write("\r\x1b[K");
  }
}

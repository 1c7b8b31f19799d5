/** A file that `init` wants to exist. */
export interface Wanted {
  /** The path in the project, with slashes. */
  path: string;
  /**
   * The content. {@link SIGNING_KEY} in it stands for a fresh key, which makes the file a secret:
   * only its owner can read it.
   */
  content: string;
  /** Whether an existing file already does what this one is for. */
  isDone(existing: string): boolean;
  /** What the user has to add to an existing file, as lines of it. */
  toAdd(existing: string): string;
}

/** Lines that a `.gitignore` must have. */
export interface Ignored {
  path: string;
  lines: string[];
}

/** The place of a fresh signing key in a content. */
export const SIGNING_KEY = "{a fresh signing key}";

/** Whether the content has a secret. */
export function isSecret({ content }: Wanted): boolean {
  return content.includes(SIGNING_KEY);
}

/** A setting of an environment file; one without a value is a comment. */
export type EnvironmentLine = [name: string, value: string] | string;

/** An environment file, of which an existing one may have some lines already. */
export function environmentFile(path: string, lines: EnvironmentLine[]): Wanted {
  const missing = (existing: string) =>
    lines.filter((line) => typeof line !== "string" && !sets(existing, line[0]));
  const write = (some: EnvironmentLine[]) => some.map(formatLine).join("");
  return {
    path,
    content: write(lines),
    isDone: (existing) => missing(existing).length === 0,
    toAdd: (existing) => write(missing(existing)),
  };
}

/** A file of code: an existing one is done if it contains the mark. */
export function codeFile(path: string, content: string, mark: RegExp): Wanted {
  return {
    path,
    content,
    isDone: (existing) => existing === content || mark.test(existing),
    toAdd: () => content,
  };
}

function sets(text: string, name: string): boolean {
  return new RegExp(`^\\s*(export\\s+)?${name}\\s*=`, "m").test(text);
}

function formatLine(line: EnvironmentLine): string {
  if (typeof line === "string") return `# ${line}\n`;
  const [name, value] = line;
  return value === SIGNING_KEY ? `${name}='${value}'\n` : `${name}=${value}\n`;
}

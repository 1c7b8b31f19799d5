/** A file that `init` wants to exist. */
export interface Wanted {
  /** The path in the project, with slashes. */
  path: string;
  /**
   * The content. {@link SIGNING_KEY} in it stands for a fresh key, which makes the file a secret:
   * only its owner can read it.
   */
  content: string;
  /** Compares an existing file with what this one is for. */
  compare(existing: string): Gap;
}

/** What the user has to change in an existing file, so that it does what `init` would write. */
export interface Gap {
  /** Lines to add; empty if none are missing. */
  toAdd: string;
  /** What the added lines take the place of, if the file cannot have both. */
  inPlaceOf?: string;
  /** Lines that have another value. */
  toChange: Line[];
}

/** A line of a file, as it should be. */
export interface Line {
  /** Its number, from 1 on; `undefined` if the file has no such line. */
  number: number | undefined;
  text: string;
}

/** A value in a file of code, and the line that has it. */
export interface Fact {
  /** Finds the line. Its first group is the value. The flags are `g` and `m`. */
  pattern: RegExp;
  /** Whether the file may have this value, or may lack the line (`undefined`). */
  accepts(value: string | undefined): boolean;
  /** The line with the right value. */
  text: string;
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

/**
 * An environment file, of which an existing one may have some lines already.
 *
 * @param defaults settings that the file need not have, but not with another value
 */
export function environmentFile(
  path: string,
  lines: EnvironmentLine[],
  defaults: [name: string, value: string][] = [],
): Wanted {
  return {
    path,
    content: lines.map(formatLine).join(""),
    compare(existing) {
      const gap: Gap = { toAdd: "", toChange: [] };
      for (const line of [...lines, ...defaults]) {
        if (typeof line === "string") continue;
        const [name, value] = line;
        const found = lastSetting(existing, name);
        const isMissing = !found || (value === SIGNING_KEY && found.value === "");
        if (isMissing && lines.includes(line)) gap.toAdd += formatLine(line);
        if (isMissing || value === SIGNING_KEY || isSame(found.value, value)) continue;
        gap.toChange.push({ number: found.number, text: formatLine(line).trimEnd() });
      }
      return gap;
    },
  };
}

/** What a file of code is known by. */
export interface Marks {
  /** What a file for the same purpose contains. */
  mark: RegExp;
  /** The values in such a file. */
  facts?: (existing: string) => Fact[];
  /** Where the part of such a file ends that has the values. */
  end?: RegExp;
  /** What a file for another purpose may have that the content has too. */
  rival?: { pattern: RegExp; name: string };
}

/** A file of code: an existing one is for the same purpose if it contains the mark. */
export function codeFile(path: string, content: string, marks: Marks): Wanted {
  const { mark, facts = () => [], end, rival } = marks;
  return {
    path,
    content,
    compare(existing) {
      if (existing === content) return { toAdd: "", toChange: [] };
      if (mark.test(existing)) {
        const part = existing.slice(0, end?.exec(existing)?.index);
        return { toAdd: "", toChange: wrongLines(part, facts(part)) };
      }
      const gap: Gap = { toAdd: content, toChange: [] };
      if (rival?.pattern.test(existing)) gap.inPlaceOf = rival.name;
      return gap;
    },
  };
}

/** Whether two values are the same, except for a slash at the end of a URL. */
export function isSame(value: string, other: string): boolean {
  return value.replace(/\/$/, "") === other.replace(/\/$/, "");
}

function wrongLines(existing: string, facts: Fact[]): Line[] {
  const lines = facts.flatMap(({ pattern, accepts, text }): Line[] => {
    const found = [...existing.matchAll(pattern)];
    if (found.length === 0) return accepts(undefined) ? [] : [{ number: undefined, text }];
    const wrong = found.filter((match) => !accepts(match[1]));
    return wrong.map(({ 0: match, index }) => {
      return { number: lineNumber(existing, index + match.trimEnd().length), text };
    });
  });
  return lines.sort((a, b) => (a.number ?? 0) - (b.number ?? 0));
}

/** The number of the line that contains the character before this index. */
function lineNumber(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

/** The setting as programs read it: the last line that sets it. */
export function lastSetting(
  text: string,
  name: string,
): { value: string; number: number } | undefined {
  const pattern = new RegExp(
    `^[ \\t]*(?:export[ \\t]+)?${name}[ \\t]*=[ \\t]*(?:"([^"\\n]*)"|'([^'\\n]*)'|([^\\n]*?)(?:[ \\t]#[^\\n]*)?\\r?$)`,
    "gm",
  );
  const found = [...text.matchAll(pattern)].at(-1);
  if (!found) return undefined;
  const [, double, single, plain = ""] = found;
  return { value: double ?? single ?? plain.trim(), number: lineNumber(text, found.index + 1) };
}

function formatLine(line: EnvironmentLine): string {
  if (typeof line === "string") return `# ${line}\n`;
  const [name, value] = line;
  return value === SIGNING_KEY ? `${name}='${value}'\n` : `${name}=${value}\n`;
}

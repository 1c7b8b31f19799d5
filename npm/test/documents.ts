/** The blocks of code in the documentation. `tests/docs/blocks.rs` reads the same pages. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's directory. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** A fenced block of code. */
export interface Block {
  /** The page, relative to the repository. */
  page: string;
  /** The line of the fence, from 1. */
  line: number;
  language: string;
  /** The text, without the indentation of the fence. */
  text: string;
  /**
   * What the comment `<!-- given: … -->` before the block says: the code that the block follows, or
   * `the block before`.
   */
  given: string | undefined;
}

const READMES = [
  "README.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  "npm/README.md",
  "python/README.md",
  "src/README.md",
];

/** The blocks of all pages in these languages. */
export function blocks(...languages: string[]): Block[] {
  const pages = [...READMES, ...["docs", "examples", "templates"].flatMap(pagesIn)];
  const all = pages.flatMap((page) => blocksOf(page, readFileSync(join(ROOT, page), "utf8")));
  return all.filter(({ language }) => languages.includes(language));
}

function pagesIn(directory: string): string[] {
  const entries = readdirSync(join(ROOT, directory), { withFileTypes: true });
  return entries.flatMap((entry) => {
    const path = relative(ROOT, join(ROOT, directory, entry.name));
    const isInstalled = entry.name === "node_modules" || entry.name.startsWith(".");
    if (entry.isDirectory()) return isInstalled ? [] : pagesIn(path);
    return path.endsWith(".md") ? [path] : [];
  });
}

const FENCE = /^(?: *<!-- given: ([^\n]*?) -->\n\n?)?( *)```(\S*)\n(.*?)^\2```$/gms;

/** The blocks of a page, in its order. */
export function blocksOf(page: string, text: string): Block[] {
  return [...text.matchAll(FENCE)].map(
    ({ index, 0: whole, 1: given, 2: indent, 3: language, 4: body }) => {
      const fence = index + whole.indexOf("```");
      const line = text.slice(0, fence).split("\n").length;
      const lines = (body ?? "").split("\n").map((each) => each.slice(indent?.length ?? 0));
      return { page, line, language: language ?? "", text: lines.join("\n"), given };
    },
  );
}

/** The block's code, with the code that it follows. */
export function codeOf(block: Block, all: Block[]): string {
  if (block.given === undefined) return block.text;
  if (block.given !== "the block before") return `${block.given}\n${block.text}`;
  const before = all.filter(({ page, line }) => page === block.page && line < block.line).at(-1);
  if (!before) throw new Error(`${block.page}:${block.line}: there is no block before`);
  return `${codeOf(before, all)}\n${block.text}`;
}

import { readFileSync } from "node:fs";

/** A section of `docs/errors.md`, which the build copies into the package. */
export interface Explanation {
  /** The HTTP status. */
  status: number;
  /** The error in a few words. */
  title: string;
  meaning: string;
  causes: string;
  cure: string;
}

/** The explanation of an error code; `undefined` if the page has no section for it. */
export function explain(code: string): Explanation | undefined {
  const section = sections().find((text) => text.startsWith(`${code}\n`));
  if (section === undefined) return undefined;
  const [, status, title = ""] = /^\*\*(\d+) · (.+)\*\*$/m.exec(section) ?? [];
  const [before = "", after = ""] = section.split("\n- **Causes**: ");
  const [causes = "", cure = ""] = after.split("\n- **Cure**: ");
  const meaning = before.slice(before.indexOf("**\n") + 3);
  return {
    status: Number(status),
    title,
    meaning: sentence(meaning),
    causes: sentence(causes),
    cure: sentence(cure),
  };
}

/** All error codes, in the order of the page. */
export function codes(): string[] {
  return sections().map((section) => section.slice(0, section.indexOf("\n")));
}

function sections(): string[] {
  const page = readFileSync(new URL("../errors.md", import.meta.url), "utf8");
  return page.split(/^## /m).filter((text) => text.trim() !== "");
}

/** The text on one line without links to other pages, beginning with a capital letter. */
function sentence(text: string): string {
  const line = text
    .trim()
    .replace(/\s+/g, " ")
    .replace(/\[([^\]]+)\]\([^)]+\)/g, "$1");
  return line.charAt(0).toUpperCase() + line.slice(1);
}

/** What docs/errors.md says of a code: the build puts that page beside the program. */
import { readFileSync } from "node:fs";

/** What a code means, why it happens, and what to do. */
export interface Explanation {
  /** In a few words. */
  title: string;
  meaning: string;
  causes: string;
  cure: string;
}

/** The page's section of that code, if it has one. */
export function explain(code: string): Explanation | undefined {
  const page = readFileSync(new URL("../errors.md", import.meta.url), "utf8");
  const section = page.split(/^## /m).find((text) => text.startsWith(`${code}\n`));
  if (section === undefined) return undefined;
  const title = /^\*\*\d+ · (.+)\*\*$/m.exec(section)?.[1] ?? "";
  const [before = "", after = ""] = section.split("\n- **Causes**: ");
  const [causes = "", cure = ""] = after.split("\n- **Cure**: ");
  const meaning = before.slice(before.indexOf("**\n") + 3);
  return { title, meaning: sentence(meaning), causes: sentence(causes), cure: sentence(cure) };
}

/** In one line, as it stands by itself. */
function sentence(text: string): string {
  const line = text.trim().replace(/\s+/g, " ");
  return line.charAt(0).toUpperCase() + line.slice(1);
}

import { readFileSync } from "node:fs";

/** A section of `docs/errors.md`, which the build copies into the package. */
export interface Explanation {
  /** The error in a few words. */
  title: string;
  meaning: string;
  causes: string;
  cure: string;
}

/** The explanation of an error code; `undefined` if the page has no section for it. */
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

/** The text on one line, beginning with a capital letter. */
function sentence(text: string): string {
  const line = text.trim().replace(/\s+/g, " ");
  return line.charAt(0).toUpperCase() + line.slice(1);
}

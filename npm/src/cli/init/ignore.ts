import { inFolder } from "./detect/manifest.ts";
import type { Ignored } from "./files/change.ts";
import type { Folder } from "./folder.ts";
import { isIgnored } from "./git.ts";

/** The lines that the `.gitignore` lacks, because neither git nor the file ignores their names. */
export function missingLines(folder: Folder, { path, lines }: Ignored): string[] {
  const subfolder = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
  const texts = new Set([path, ".gitignore"]);
  return lines.filter((line) => {
    const name = example(line);
    const known = isIgnored(folder.absolute(inFolder(subfolder, name)));
    return !(known ?? [...texts].some((file) => ignores(folder.text(file) ?? "", name)));
  });
}

/** A path that the line ignores. */
function example(line: string): string {
  if (line.endsWith("/")) return `${line}file`;
  return line === ".env*.local" ? ".env.local" : line.replace("*", "");
}

/** Whether a `.gitignore` ignores a name, without a repository: by the names in it alone. */
function ignores(text: string, path: string): boolean {
  const [name = ""] = path.split("/");
  let ignored = false;
  for (const line of text.split(/\r?\n/)) {
    const [, negated, pattern = ""] = /^(!?)(?:\*\*)?\/?([^/#]+)\/?\s*$/.exec(line) ?? [];
    if (pattern !== "" && matches(pattern.trim(), name)) ignored = negated !== "!";
  }
  return ignored;
}

function matches(pattern: string, name: string): boolean {
  const parts = pattern.split(/([*?])/).map((part) => {
    if (part === "*") return ".*";
    return part === "?" ? "." : part.replaceAll(/[^\w]/g, "\\$&");
  });
  return new RegExp(`^${parts.join("")}$`).test(name);
}

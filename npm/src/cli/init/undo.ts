import { existsSync, lstatSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { folderOf } from "./detect/manifest.ts";
import { InitError } from "./error.ts";
import { MODULE } from "./files/fastapi.ts";
import { canContain } from "./files/written.ts";
import type { Folder } from "./folder.ts";
import {
  digest,
  formatRecord,
  RECORD_FILE,
  RECORD_FOLDER,
  RECORD_IGNORE,
  type RunRecord,
  readRecord,
} from "./record.ts";
import { checkWay } from "./way.ts";
import { replaceFile } from "./write.ts";

/** What happens to a file. */
export interface Undone {
  path: string;
  outcome:
    | "removed"
    | "lines removed"
    | "changed since"
    | "gone already"
    | "still needed"
    | "still imported";
  /** The file that imports it. */
  by?: string;
}

/**
 * Removes what `init` has written and what has not changed since: files, lines, empty folders and
 * the record. If something stays, the record stays for it.
 *
 * @param dryRun only report
 * @returns `undefined` if `init` has written nothing here
 * @throws {InitError} if the record is damaged
 */
export function undo(folder: Folder, dryRun: boolean): Undone[] | undefined {
  const record = readRecord(folder);
  if (!record) return undefined;
  const files = withImported(
    folder,
    record.files.map(({ path, sha256 }) => ({ path, outcome: ofFile(folder, path, sha256) })),
  );
  const lines: Undone[] = record.appended.map(({ path, text }) => {
    return { path, outcome: ofLines(read(folder, path), text) };
  });
  const removed = new Set(files.filter(({ outcome }) => outcome === "removed").map(pathOf));
  for (const undone of [...files.filter(({ path }) => isIgnoreFile(path)), ...lines]) {
    if (/removed$/.test(undone.outcome) && isSecretLeft(folder, folderOf(undone.path), removed)) {
      undone.outcome = "still needed";
    }
  }
  if (!dryRun) remove(folder, record, files, lines);
  return [...files, ...lines];
}

const isIgnoreFile = (path: string) => /(^|\/)\.gitignore$/.test(path);
const pathOf = ({ path }: Undone) => path;
const stays = (outcome: Undone["outcome"]) => /^(changed|still)/.test(outcome);

/** Whether a file that stays in the folder or below may have a secret, which git must ignore. */
function isSecretLeft(folder: Folder, subfolder: string, removed: Set<string>): boolean {
  const isSecret = /(^|\/)\.(env|dev\.vars)(?![^/]*\.(example|sample|template)$)[^/]*$/;
  return folder
    .files()
    .filter((path) => subfolder === "" || path.startsWith(`${subfolder}/`))
    .some((path) => isSecret.test(path) && !removed.has(path));
}

function ofFile(folder: Folder, path: string, sha256: string): Undone["outcome"] {
  const content = read(folder, path);
  if (content === undefined) return "gone already";
  const isOwn = content !== null && digest(content) === sha256;
  return isOwn && canContain(path, content.toString("utf8")) ? "removed" : "changed since";
}

function ofLines(content: Buffer | undefined | null, text: string): Undone["outcome"] {
  if (content === undefined) return "gone already";
  const before = content?.toString("utf8") ?? "";
  if (content !== null && indexOfLines(before, text) !== undefined) return "lines removed";
  const lines = before.split(/\r?\n/);
  return text.split(/\r?\n/).some((line) => line !== "" && lines.includes(line))
    ? "changed since"
    : "gone already";
}

/** Where the text begins in another one, at the start of a line. */
function indexOfLines(content: string, text: string): number | undefined {
  const at = content.lastIndexOf(text);
  const isStart = at === 0 || /^[\r\n]/.test(text) || content[at - 1] === "\n";
  return at >= 0 && isStart ? at : undefined;
}

/** Leaves the module that a file of the app imports, and the settings that the module reads. */
function withImported(folder: Folder, files: Undone[]): Undone[] {
  const isModule = (path: string) => path.endsWith(`${MODULE}.py`);
  if (!files.some(({ path, outcome }) => isModule(path) && outcome === "removed")) return files;
  const removed = new Set(files.filter(({ outcome }) => outcome === "removed").map(pathOf));
  const by = folder
    .files()
    .find(
      (path) => path.endsWith(".py") && !removed.has(path) && IMPORT.test(folder.text(path) ?? ""),
    );
  if (by === undefined) return files;
  return files.map((undone) => {
    const isNeeded = isModule(undone.path) || /(^|\/)\.env$/.test(undone.path);
    if (undone.outcome !== "removed" || !isNeeded) return undone;
    return { path: undone.path, outcome: "still imported", by };
  });
}

/** A line that names the module outside of a comment. */
const IMPORT = new RegExp(`^[^#\\n]*\\b${MODULE}\\b`, "m");

function remove(folder: Folder, record: RunRecord, files: Undone[], lines: Undone[]): void {
  for (const { path, outcome } of files) if (outcome === "removed") rmSync(folder.absolute(path));
  for (const [index, { path, outcome }] of lines.entries()) {
    const text = record.appended[index]?.text ?? "";
    const before = read(folder, path)?.toString("utf8") ?? "";
    const at = indexOfLines(before, text);
    if (outcome !== "lines removed" || at === undefined) continue;
    replaceFile(folder.absolute(path), before.slice(0, at) + before.slice(at + text.length));
  }
  const isLeft = (list: Undone[]) => (_: unknown, index: number) =>
    stays(list[index]?.outcome ?? "removed");
  const left = {
    files: record.files.filter(isLeft(files)),
    appended: record.appended.filter(isLeft(lines)),
  };
  const folders = [...record.folders].reverse();
  for (const path of folders) removeIfEmpty(folder, path);
  if (left.files.length + left.appended.length > 0) {
    const isNeeded = (path: string) => left.files.some((file) => file.path.startsWith(`${path}/`));
    const rest = { ...left, answers: {}, folders: record.folders.filter(isNeeded) };
    replaceFile(folder.absolute(RECORD_FILE), formatRecord(rest));
    return;
  }
  rmSync(folder.absolute(RECORD_FILE));
  if (read(folder, RECORD_IGNORE)?.toString("utf8") === "*\n")
    rmSync(folder.absolute(RECORD_IGNORE));
  removeIfEmpty(folder, RECORD_FOLDER);
}

/** A file's content; `undefined` if it does not exist, `null` if it is outside of the project. */
function read(folder: Folder, path: string): Buffer | undefined | null {
  try {
    checkWay(folder, path);
  } catch (error) {
    if (error instanceof InitError) return null;
    throw error;
  }
  const absolute = folder.absolute(path);
  const found = lstatSync(absolute, { throwIfNoEntry: false });
  if (!found) return undefined;
  return found.isFile() ? readFileSync(absolute) : null;
}

function removeIfEmpty(folder: Folder, path: string): void {
  const absolute = folder.absolute(path);
  try {
    checkWay(folder, `${path}/file`);
    if (existsSync(absolute)) rmdirSync(absolute);
  } catch {
    // it has other files, or is outside of the project
  }
}

import { existsSync, lstatSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { InitError } from "./error.ts";
import type { Folder } from "./folder.ts";
import { digest, RECORD_FILE, RECORD_FOLDER, RECORD_IGNORE, readRecord } from "./record.ts";
import { checkWay } from "./way.ts";
import { replaceFile } from "./write.ts";

/** What happens to a file. */
export interface Undone {
  path: string;
  outcome: "removed" | "lines removed" | "changed since" | "gone already" | "still needed";
}

/**
 * Removes what `init` has written and what has not changed since: files, lines, empty folders and
 * the record.
 *
 * @param dryRun only report
 * @returns `undefined` if `init` has written nothing here
 * @throws {InitError} if the record is damaged
 */
export function undo(folder: Folder, dryRun: boolean): Undone[] | undefined {
  const record = readRecord(folder);
  if (!record) return undefined;
  checkWay(folder, RECORD_FILE);
  const ignoring = record.files.filter(({ path }) => isIgnoreFile(path));
  const files = record.files.filter(({ path }) => !isIgnoreFile(path));
  const undone = files.map(({ path, sha256 }) => undoFile(folder, path, sha256, dryRun));
  // a file that stays may have a secret, which git must still ignore
  if (undone.some(({ path, outcome }) => outcome === "changed since" && IS_PRIVATE.test(path))) {
    const all = [...ignoring, ...record.appended];
    undone.push(...all.map(({ path }) => ({ path, outcome: "still needed" as const })));
  } else {
    undone.push(
      ...ignoring.map(({ path, sha256 }) => undoFile(folder, path, sha256, dryRun)),
      ...record.appended.map(({ path, text }) => undoLines(folder, path, text, dryRun)),
    );
  }
  if (dryRun) return undone;
  for (const path of [RECORD_FILE, RECORD_IGNORE]) rmSync(folder.absolute(path), { force: true });
  for (const path of [...record.folders, RECORD_FOLDER].reverse()) removeIfEmpty(folder, path);
  return undone;
}

const isIgnoreFile = (path: string) => /(^|\/)\.gitignore$/.test(path);
const IS_PRIVATE = /(^|\/)\.(env|dev\.vars)[^/]*$/;

function undoFile(folder: Folder, path: string, sha256: string, dryRun: boolean): Undone {
  const content = read(folder, path);
  if (content === undefined) return { path, outcome: "gone already" };
  if (content === null || digest(content) !== sha256) return { path, outcome: "changed since" };
  if (!dryRun) rmSync(folder.absolute(path));
  return { path, outcome: "removed" };
}

function undoLines(folder: Folder, path: string, text: string, dryRun: boolean): Undone {
  const content = read(folder, path);
  if (content === undefined) return { path, outcome: "gone already" };
  const before = content?.toString("utf8") ?? "";
  const at = before.lastIndexOf(text);
  if (text === "" || at < 0) return { path, outcome: "changed since" };
  if (!dryRun) {
    replaceFile(folder.absolute(path), before.slice(0, at) + before.slice(at + text.length));
  }
  return { path, outcome: "lines removed" };
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

import { createHash } from "node:crypto";
import { type Answers, readEarlier } from "./answers.ts";
import { InitError } from "./error.ts";
import { canWrite, ignoresOnly } from "./files/written.ts";
import type { Folder } from "./folder.ts";
import { isTracked } from "./git.ts";
import { parentsOf } from "./way.ts";

/** What `init` has written, so that `--undo` removes exactly that. */
export interface RunRecord {
  /** The answers, which a later run offers. */
  answers: Partial<Answers>;
  /** The new files, with the SHA-256 of their contents. */
  files: { path: string; sha256: string }[];
  /** Lines at the end of files that existed. */
  appended: { path: string; text: string }[];
  /** New folders, the outermost first. */
  folders: string[];
}

/** The folder of the record, and its file. Git ignores the folder by a file in it. */
export const RECORD_FOLDER = ".better-auth-edge";
export const RECORD_FILE = `${RECORD_FOLDER}/init.json`;
export const RECORD_IGNORE = `${RECORD_FOLDER}/.gitignore`;

/**
 * Reads the record. It may come from a stranger's repository, so it can name only what `init`
 * writes.
 *
 * @returns `undefined` if it does not exist
 * @throws {InitError} if it is not a record of `init`
 */
export function readRecord(folder: Folder): RunRecord | undefined {
  if (!folder.has(RECORD_FILE)) return undefined;
  if (folder.isLink(RECORD_FOLDER) || folder.isLink(RECORD_FILE)) {
    throw new InitError(`${RECORD_FILE} is behind a symbolic link, which init does not follow`);
  }
  if (isTracked(folder.absolute(RECORD_FILE))) {
    throw new InitError(
      `git tracks ${RECORD_FILE}, so it may describe another folder: remove it from the repository`,
    );
  }
  const record = parse(folder.text(RECORD_FILE) ?? "");
  if (record) return record;
  throw new InitError(
    `${RECORD_FILE} is damaged, or names files that init does not write: remove it, and undo by hand what init has written`,
  );
}

/** The record as text. */
export function formatRecord(record: RunRecord): string {
  return `${JSON.stringify({ version: 1, ...record }, null, 2)}\n`;
}

/** The SHA-256 of a content, in hexadecimal. */
export function digest(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

function parse(text: string): RunRecord | undefined {
  try {
    const { version, answers, files, appended, folders } = JSON.parse(text);
    const isValid =
      version === 1 &&
      typeof answers === "object" &&
      answers !== null &&
      every(files, ({ path, sha256 }) => isPath(path) && /^[0-9a-f]{64}$/.test(String(sha256))) &&
      every(appended, isAppended) &&
      Array.isArray(folders) &&
      folders.every((folder) => isParent(folder, files));
    return isValid ? { answers: readEarlier(answers), files, appended, folders } : undefined;
  } catch {
    return undefined;
  }
}

function every(list: unknown, test: (entry: Record<string, unknown>) => boolean): boolean {
  return (
    Array.isArray(list) && list.every((entry) => typeof entry === "object" && test(entry ?? {}))
  );
}

function isPath(value: unknown): value is string {
  return typeof value === "string" && canWrite(value);
}

function isAppended({ path, text }: Record<string, unknown>): boolean {
  const isIgnoreFile = isPath(path) && /(^|\/)\.gitignore$/.test(path);
  return isIgnoreFile && typeof text === "string" && text.trim() !== "" && ignoresOnly(text);
}

/** Whether the value is the folder of one of the files. */
function isParent(value: unknown, files: { path: string }[]): boolean {
  return files.some(({ path }) => parentsOf(path).includes(String(value)));
}

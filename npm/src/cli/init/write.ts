import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { newSigningKey } from "../keygen.ts";
import type { Answers } from "./answers.ts";
import { InitError } from "./error.ts";
import { isSecret, SIGNING_KEY } from "./files/change.ts";
import type { Folder } from "./folder.ts";
import { isIgnored } from "./git.ts";
import type { Plan } from "./plan.ts";
import {
  digest,
  formatRecord,
  RECORD_FILE,
  RECORD_FOLDER,
  RECORD_IGNORE,
  type RunRecord,
  readRecord,
} from "./record.ts";
import { checkWay, parentsOf } from "./way.ts";

/**
 * Writes what the plan names, all or nothing: after an error, the project is as before. A signal
 * waits until the end, because the function never returns to the event loop.
 *
 * @throws {InitError} if git does not ignore a secret, or a file cannot be written
 */
export function write(folder: Folder, plan: Plan, answers: Answers): void {
  const undo: (() => void)[] = [];
  const ignoreSignal = () => {};
  for (const signal of SIGNALS) process.on(signal, ignoreSignal);
  try {
    new Writer(folder, undo).write(plan, answers);
  } catch (error) {
    for (const step of undo.reverse()) step();
    throw error instanceof InitError ? error : new InitError(describe(error));
  } finally {
    for (const signal of SIGNALS) process.off(signal, ignoreSignal);
  }
}

/** Saves the answers for the next run, if `init` has written something before. */
export function saveAnswers(folder: Folder, answers: Answers): void {
  const record = readRecord(folder);
  if (record) replaceFile(folder.absolute(RECORD_FILE), formatRecord({ ...record, answers }));
}

/** Replaces a file by one of the same mode, in one step. */
export function replaceFile(path: string, content: string): void {
  const { mode } = statSync(path);
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    createFile(temporary, content, mode);
    chmodSync(temporary, mode);
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

class Writer {
  readonly #folder: Folder;
  readonly #undo: (() => void)[];
  readonly #record: RunRecord;

  constructor(folder: Folder, undo: (() => void)[]) {
    this.#folder = folder;
    this.#undo = undo;
    const nothing = { answers: {}, files: [], appended: [], folders: [] };
    this.#record = readRecord(folder) ?? nothing;
  }

  write({ appends, creates }: Plan, answers: Answers): void {
    this.#record.answers = answers;
    // before the secrets, which git must ignore
    for (const { path, lines } of appends) this.#append(path, lines);
    for (const file of creates) {
      if (isSecret(file) && isIgnored(this.#folder.absolute(file.path)) === false) {
        throw new InitError(
          `git would not ignore ${file.path}, because a later line of a .gitignore allows it: change that line first`,
        );
      }
      const key = () => JSON.stringify(newSigningKey().privateJwk);
      const content = file.content.replace(SIGNING_KEY, key);
      this.#create(file.path, content, isSecret(file) ? 0o600 : 0o666);
    }
    this.#save();
  }

  #append(path: string, lines: string[]): void {
    const absolute = this.#folder.absolute(path);
    if (!existsSync(absolute)) {
      this.#create(path, `${lines.join("\n")}\n`, 0o666);
      return;
    }
    const before = readFileSync(absolute, "utf8");
    const end = before.includes("\r\n") ? "\r\n" : "\n";
    const text = (before === "" || before.endsWith("\n") ? "" : end) + lines.join(end) + end;
    replaceFile(absolute, before + text);
    this.#undo.push(() => replaceFile(absolute, before));
    const own = this.#record.files.find((file) => file.path === path);
    if (own?.sha256 === digest(before)) own.sha256 = digest(before + text);
    else this.#record.appended.push({ path, text });
  }

  #create(path: string, content: string, mode: number): void {
    this.#makeFolders(path);
    const absolute = this.#folder.absolute(path);
    createFile(absolute, content, mode);
    this.#undo.push(() => rmSync(absolute, { force: true }));
    const { files } = this.#record;
    this.#record.files = files.filter((file) => file.path !== path);
    this.#record.files.push({ path, sha256: digest(content) });
  }

  #makeFolders(path: string): void {
    checkWay(this.#folder, path);
    const { root } = this.#folder;
    if (!existsSync(root)) {
      mkdirSync(root, { recursive: true });
      this.#undo.push(() => rmdirSync(root));
    }
    for (const parent of parentsOf(path)) {
      const absolute = this.#folder.absolute(parent);
      if (existsSync(absolute)) continue;
      mkdirSync(absolute);
      this.#undo.push(() => rmdirSync(absolute));
      const { folders } = this.#record;
      if (parent !== RECORD_FOLDER && !folders.includes(parent)) folders.push(parent);
    }
  }

  /** Saves the record last: without it, nothing was written. */
  #save(): void {
    const file = this.#folder.absolute(RECORD_FILE);
    if (existsSync(file)) {
      replaceFile(file, formatRecord(this.#record));
      return;
    }
    const text = formatRecord(this.#record);
    this.#makeFolders(RECORD_FILE);
    const ignore = this.#folder.absolute(RECORD_IGNORE);
    if (!existsSync(ignore)) {
      createFile(ignore, "*\n", 0o666);
      this.#undo.push(() => rmSync(ignore, { force: true }));
    }
    createFile(file, text, 0o666);
  }
}

/** Creates a file that does not exist; a symbolic link counts as existing. */
function createFile(path: string, content: string, mode: number): void {
  const file = openSync(path, "wx", mode);
  try {
    writeFileSync(file, content);
    fsyncSync(file);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}

function describe(error: unknown): string {
  const { code, path, message } = error as NodeJS.ErrnoException;
  const reason = code === "EEXIST" ? "it exists meanwhile" : (code ?? message);
  return path === undefined ? message : `${path} cannot be written: ${reason}`;
}

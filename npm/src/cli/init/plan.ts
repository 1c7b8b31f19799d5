import { shellWord } from "../quote.ts";
import type { Answers } from "./answers.ts";
import type { Project } from "./detect/index.ts";
import { InitError } from "./error.ts";
import { type Gap, type Ignored, isSecret, SIGNING_KEY, type Wanted } from "./files/change.ts";
import { fastApiFiles, fastApiIgnored } from "./files/fastapi.ts";
import { nextFiles, nextIgnored } from "./files/next.ts";
import { workerFiles, workerIgnored } from "./files/worker.ts";
import { isTracked } from "./git.ts";
import { missingLines } from "./ignore.ts";
import { checkWay } from "./way.ts";

/** What `init` writes, and what stays as it is. */
export interface Plan {
  /** New files. */
  creates: Wanted[];
  /** Lines for a `.gitignore`, which may not exist yet. */
  appends: { path: string; lines: string[] }[];
  /** Existing files, and what the user has to change in them. */
  stays: ({ path: string } & Gap)[];
}

/**
 * Compares what the project should have with what it has.
 *
 * @throws {InitError} if a file must not be written
 */
export function makePlan(project: Project, answers: Answers): Plan {
  const { folder } = project;
  const { wanted, ignored } = wishes(project, answers);
  const plan: Plan = { creates: [], appends: [], stays: [] };
  for (const file of wanted) {
    checkWay(folder, file.path);
    if (!folder.has(file.path)) {
      if (isSecret(file)) checkUntracked(project, file.path);
      plan.creates.push(file);
      continue;
    }
    const existing = folder.text(file.path);
    const gap = file.compare(existing ?? "");
    if (gap.toAdd.includes(SIGNING_KEY)) checkUntracked(project, file.path);
    plan.stays.push({ path: file.path, ...gap });
  }
  for (const { path, lines } of merged(ignored)) {
    const missing = missingLines(folder, { path, lines });
    if (missing.length === 0) continue;
    checkWay(folder, path);
    if (folder.isLink(path)) {
      throw new InitError(
        `${path} is a symbolic link, which init does not follow: add ${missing.join(", ")} to it, and run init again`,
      );
    }
    plan.appends.push({ path, lines: missing });
  }
  return plan;
}

/** Whether existing files differ from the answers, so that the user has to edit them. */
export function isPending({ stays }: Plan): boolean {
  return stays.some(({ toAdd, toChange }) => toAdd !== "" || toChange.length > 0);
}

/** Whether there is nothing to write. */
export function isEmpty({ creates, appends }: Plan): boolean {
  return creates.length === 0 && appends.length === 0;
}

function wishes(project: Project, answers: Answers): { wanted: Wanted[]; ignored: Ignored[] } {
  const { next, fastApi } = project;
  const wanted: Wanted[] = [];
  const ignored: Ignored[] = [];
  if (answers.edge === "worker") {
    wanted.push(...workerFiles(project, answers));
    ignored.push(workerIgnored(project));
  }
  if (answers.edge === "next" && next) {
    wanted.push(...nextFiles(project, next, answers));
    ignored.push(nextIgnored(next));
  }
  if (fastApi && (answers.edge === "none" || answers.api !== undefined)) {
    wanted.push(...fastApiFiles(project, fastApi, answers));
    ignored.push(fastApiIgnored(fastApi));
  }
  return { wanted, ignored };
}

function checkUntracked({ folder }: Project, path: string): void {
  if (!isTracked(folder.absolute(path))) return;
  throw new InitError(
    `git tracks a file ${path}, so it would commit the signing key. Run git rm --cached ${shellWord(path)}, commit, and run init again`,
  );
}

function merged(ignored: Ignored[]): Ignored[] {
  const byPath = new Map<string, Set<string>>();
  for (const { path, lines } of ignored) {
    byPath.set(path, new Set([...(byPath.get(path) ?? []), ...lines]));
  }
  return [...byPath].map(([path, lines]) => ({ path, lines: [...lines] }));
}

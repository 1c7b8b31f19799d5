import { marked } from "../marks.ts";
import { outputColors, paragraph, print, printable } from "../terminal.ts";
import { type Answers, localEdge } from "./answers.ts";
import type { Project } from "./detect/index.ts";
import { packageManager } from "./detect/package-manager.ts";
import { isSecret, SIGNING_KEY } from "./files/change.ts";
import { middlewarePath } from "./files/next.ts";
import { workerFolder } from "./files/worker.ts";
import { isEmpty, type Plan } from "./plan.ts";
import type { Undone } from "./undo.ts";

/** Prints what was found in the project, and by what. */
export function showProject(project: Project): void {
  const { folder, next, fastApi, betterAuth } = project;
  print(`${outputColors.bold("Project")}  ${printable(folder.root)}`);
  const found: string[] = [];
  if (next) {
    const { major, because } = next.version;
    found.push(`Next.js ${major}${place(next.folder)}: ${because}`);
    for (const path of next.middleware) found.push(`an existing middleware: ${path}`);
    if (next.isOnCloudflare) found.push("OpenNext for Cloudflare, which runs middleware.ts only");
  }
  if (fastApi) {
    found.push(`FastAPI${place(fastApi.folder)}: ${fastApi.because} names it`);
    found.push(
      fastApi.module === undefined
        ? "no file that calls FastAPI()"
        : `the FastAPI app: ${fastApi.module}, ${fastApi.variable} = FastAPI()`,
    );
    found.push(`${fastApi.installer} for Python: ${fastApi.installerBecause}`);
  }
  if (betterAuth) {
    const plugin = betterAuth.hasJwt ? "with the jwt plugin" : "without the jwt plugin";
    found.push(`Better Auth: ${betterAuth.file} calls betterAuth(), ${plugin}`);
  }
  if (!next && !fastApi)
    found.push(
      "neither Next.js nor FastAPI in a package.json, pyproject.toml or requirements file",
    );
  if (next || project.manifest || !fastApi) {
    const { name, because } = packageManager(folder, next?.folder ?? "");
    found.push(`${name} for JavaScript: ${because}`);
  }
  for (const text of found) print(marked("info", printable(text, 500)));
}

/** Prints where the edge goes, and why. */
export function showEdge(project: Project, answers: Answers, isChosen: boolean): void {
  const { edge, auth } = answers;
  print(`${outputColors.bold("Edge")}         ${printable(edgePlace(project, edge))}`);
  const isShared = edge === "next" && new URL(auth).origin === localEdge(answers, project);
  if (isShared && !project.betterAuth) {
    const text = `${auth} is both Next.js and Better Auth, as in an application that has Better Auth in a route handler. If Better Auth is another server, name it with --auth <url>. If Next.js listens elsewhere, name it with --edge-url <url>.`;
    print(outputColors.dim(paragraph(printable(text, 500), 13)));
  }
  if (isChosen || edge === "worker") return;
  const other = edge === "next" ? "--edge worker" : "--api <url>";
  print(outputColors.dim(`             for a Cloudflare Worker in place of it: ${other}`));
}

function edgePlace(project: Project, edge: Answers["edge"]): string {
  if (edge === "none") return "none: FastAPI verifies the tokens itself";
  if (edge === "next" && project.next) {
    return `${middlewarePath(project.next)}, because the project has a Next.js application`;
  }
  const folder = workerFolder(project);
  return folder === ""
    ? "a Cloudflare Worker in this folder, which has nothing else"
    : `a Cloudflare Worker in ${folder}/, because the project has other programs too`;
}

/** Prints each new file and each line. It does not print a secret, which does not exist yet. */
export function showPlan(plan: Plan): void {
  for (const file of plan.creates) {
    const note = isSecret(file)
      ? "  only its owner can read it; the key is made when it is written"
      : "";
    print(`\n${outputColors.green("new")}   ${printable(file.path)}${outputColors.dim(note)}`);
    print(outputColors.dim(indented(file.content.replace(SIGNING_KEY, "…"))));
  }
  for (const { path, lines } of plan.appends) {
    print(`\n${outputColors.green("add")}   to ${printable(path)}`);
    print(outputColors.dim(indented(lines.join("\n"))));
  }
  if (plan.stays.length > 0) print();
  for (const { path, toAdd, toChange } of plan.stays) {
    const task = toAdd === "" ? "change" : "add";
    const isSetUp = toAdd === "" && toChange.length === 0;
    const note = isSetUp ? "is set up" : `exists and stays: see below for what to ${task}`;
    print(`${outputColors.dim("keep")}  ${printable(path)}  ${outputColors.dim(note)}`);
  }
  if (isEmpty(plan)) print("\nThere is nothing to write.");
}

/** Prints what `--undo` has done, or would do. */
export function showUndone(undone: Undone[], dryRun: boolean): void {
  const words: Record<Undone["outcome"], string> = {
    removed: dryRun ? "would be removed" : "removed",
    "lines removed": dryRun ? "its added lines would be removed" : "its added lines are removed",
    "changed since": "stays: it has changed since init wrote it",
    "gone already": "does not exist any more",
    "still needed": "stays: git must ignore the files that stay",
    "still imported": "stays: the app needs it, because it is imported in",
  };
  for (const { path, outcome, by = "" } of undone) {
    const level = /^(changed|still)/.test(outcome) ? "warning" : "ok";
    const text = `${path}: ${words[outcome]} ${by}`.trimEnd();
    print(marked(level, printable(text, 500)));
  }
  const importer = undone.find(({ by }) => by !== undefined)?.by;
  if (importer !== undefined) {
    print(`Remove the lines of edge_auth from ${printable(importer)}, and run init --undo again.`);
  }
}

/** The text with an indent of six columns. */
export function indented(text: string): string {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => (line === "" ? "" : `      ${line}`))
    .join("\n");
}

function place(folder: string): string {
  return folder === "" ? "" : ` in ${folder}/`;
}

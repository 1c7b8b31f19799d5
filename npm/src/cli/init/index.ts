import { Arguments, type Command, UsageError } from "../arguments.ts";
import { checkAuthServer } from "../doctor/health.ts";
import { doctor } from "../doctor/index.ts";
import { betterAuthJwksUrl } from "../jwks.ts";
import { marked } from "../marks.ts";
import { isPrintable, outputColors, paragraph, print, printable, printError } from "../terminal.ts";
import { type Answers, ask, check, defaults, localEdge, readGiven } from "./answers.ts";
import { detect, type Project } from "./detect/index.ts";
import { InitError } from "./error.ts";
import { Folder } from "./folder.ts";
import { isEmpty, isPending, makePlan, type Plan } from "./plan.ts";
import { Cancelled, Prompt } from "./prompt.ts";
import { readRecord } from "./record.ts";
import { findRunning } from "./running.ts";
import { showEdge, showPlan, showProject, showUndone } from "./show.ts";
import { type Checked, showSteps } from "./steps.ts";
import { undo } from "./undo.ts";
import { saveAnswers, write } from "./write.ts";

/** `init`: sets up the edge in a project. */
export const init: Command = {
  summary: "sets up the edge in a project: a Worker, Next.js, FastAPI",
  options: {
    auth: "value",
    api: "value",
    "user-claim": "value",
    edge: "value",
    "edge-url": "value",
    "next-dir": "value",
    "fastapi-dir": "value",
    directory: "value",
    yes: "switch",
    "dry-run": "switch",
    undo: "switch",
  },
  help: `Sets up the edge in a project. The command looks at the project, asks where Better Auth and the
API are and which claim identifies the user, shows every file that it will write, and writes new
files only. An existing file stays, and the command says what to add to it.

Usage: better-auth-edge init [options]

Options
  --auth <url>          Better Auth's URL, as the edge reaches it; a path in it is its base path
  --api <url>           the API's URL, as the edge reaches it
  --user-claim <claim>  the claim that identifies the user; default: sub, Better Auth's user id
  --edge <host>         where the edge runs: next (the default in a Next.js project), worker
                        (Cloudflare), or none (FastAPI verifies the tokens itself)
  --edge-url <url>      the edge's own URL
  --next-dir <path>     the Next.js application, if the project has several
  --fastapi-dir <path>  the FastAPI application, if the project has several
  --directory <path>    the project; default: the current folder
  --dry-run             show what would be written, and write nothing
  --yes                 do not ask: write with the answers given and the defaults for the others
  --undo                remove what init has written, except for what has changed since
  -h, --help            show this help

A file with a signing key can be read by its owner only, and git ignores it. The command never
prints the key. A second run with the same answers changes nothing.

Exit codes: 0 for success; 1 if nothing could be written; 2 if the command line is wrong; 130 after
Ctrl-C, with nothing written.

Examples
  npx better-auth-edge init
  npx better-auth-edge init --auth https://app.example.com --api https://api.example.com --dry-run
  npx better-auth-edge init --auth http://localhost:3000 --api http://localhost:8000 --yes
  npx better-auth-edge init --undo
`,
  run,
};

async function run(args: Arguments): Promise<number> {
  try {
    return args.has("undo") ? runUndo(args) : await runInit(args);
  } catch (error) {
    if (error instanceof Cancelled) {
      printError("\nnothing was written");
      return 130;
    }
    if (!(error instanceof InitError)) throw error;
    printError(`${errorWord()} ${printable(error.message, 1000)}`);
    return 1;
  }
}

function runUndo(args: Arguments): number {
  const undone = undo(folderOf(args), args.has("dry-run"));
  if (undone) showUndone(undone, args.has("dry-run"));
  else print("There is nothing to undo: init has written nothing in this folder.");
  return 0;
}

async function runInit(args: Arguments): Promise<number> {
  const given = readGiven(args);
  const isDryRun = args.has("dry-run");
  const isSilent = args.has("yes") || isDryRun;
  if (!isSilent && !(process.stdin.isTTY && process.stdout.isTTY)) {
    throw new UsageError(
      "this is not a terminal, so init cannot ask: add --yes to write, or --dry-run to look. The answers are options, each with a default: --auth <url>, --api <url>, --user-claim <claim>",
    );
  }
  const folder = folderOf(args);
  const project = detect(folder, {
    ...chosen("next", args.value("next-dir")),
    ...chosen("fastApi", args.value("fastapi-dir")),
  });
  const earlier = readRecord(folder)?.answers ?? {};
  showProject(project);
  if (!isSilent) print();
  const answers = isSilent ? defaults(project, given, earlier) : await ask(project, given, earlier);
  check(answers, project, given);
  if (answers.edge === "next" && project.next && project.next.version.major < 15) {
    throw new InitError(
      `Next.js ${project.next.version.major} is not supported: update to 15 or later, or set up a Worker with --edge worker`,
    );
  }
  showAnswers(answers);
  showEdge(project, answers, given.edge !== undefined);
  const plan = makePlan(project, answers);
  showPlan(plan);
  if (differs(earlier, answers)) {
    print(
      `\n${outputColors.yellow("note:")} init has written files with other answers before, and they stay. To write them again, run init --undo first.`,
    );
  }
  if (isDryRun) {
    print("\nNothing was written, because of --dry-run.");
    return 0;
  }
  if (!isEmpty(plan)) {
    if (!isSilent && !(await confirm())) throw new Cancelled();
    write(folder, plan, answers);
    print(
      `\n${outputColors.bold("Written.")} ${outputColors.dim("init --undo removes it again.")}`,
    );
  }
  if (isEmpty(plan) && differs(earlier, answers)) saveAnswers(folder, answers);
  const checked = await examine(project, answers, plan);
  showSteps(project, answers, plan, checked);
  return 0;
}

/**
 * Fetches Better Auth's keys, and runs `doctor` if the project's edge is running and its files fit
 * the answers.
 */
async function examine(project: Project, answers: Answers, plan: Plan): Promise<Checked> {
  print(`\n${outputColors.bold("Keys of Better Auth")}`);
  const findings = await checkAuthServer(betterAuthJwksUrl(new URL(answers.auth)), undefined);
  for (const { level, text, cure } of findings) {
    print(marked(level === "skipped" ? "info" : level, printable(text, 500)));
    if (cure !== undefined) print(outputColors.dim(paragraph(printable(cure, 1000), 6)));
  }
  const hasKeys = findings.some(({ check, level }) => check === "keys" && level === "ok");
  const running = await findRunning(project, answers);
  const isExamined = running === "own" && !isPending(plan);
  if (isExamined) {
    print();
    const edge = localEdge(answers, project);
    await doctor.run(new Arguments(edge, new Map([["base-url", [answers.auth]]])));
  }
  return { hasKeys, running, isExamined };
}

async function confirm(): Promise<boolean> {
  const prompt = new Prompt();
  print();
  try {
    return await prompt.confirm("Write this?");
  } finally {
    prompt.close();
  }
}

function showAnswers({ auth, api, userClaim }: Answers): void {
  const rows = [
    ["Better Auth", auth],
    ...(api === undefined ? [] : [["API", api]]),
    ["User claim", userClaim],
  ];
  print();
  for (const [name = "", value = ""] of rows) {
    print(`${outputColors.bold(name.padEnd(11))}  ${printable(value)}`);
  }
}

/** Whether an earlier run had other answers. */
function differs(earlier: Partial<Answers>, answers: Answers): boolean {
  const names = ["auth", "api", "userClaim", "edge", "edgeUrl"] as const;
  return Object.keys(earlier).length > 0 && names.some((name) => earlier[name] !== answers[name]);
}

function folderOf(args: Arguments): Folder {
  const path = args.value("directory") ?? ".";
  if (isPrintable(path)) return new Folder(path);
  throw new UsageError("--directory has characters that a terminal cannot show");
}

function chosen<N extends string>(name: N, path: string | undefined): { [name in N]?: string } {
  if (path === undefined) return {};
  const folder = path.replace(/^\.\/+/, "").replace(/\/+$/, "");
  return { [name]: folder === "." ? "" : folder } as { [name in N]?: string };
}

function errorWord(): string {
  return outputColors.red("error:");
}

import { relative } from "node:path";
import { isLocal } from "../doctor/advice.ts";
import { shellWord } from "../quote.ts";
import { outputColors, paragraph, print } from "../terminal.ts";
import type { Answers } from "./answers.ts";
import { localEdge } from "./answers.ts";
import { type CommandLines, Commands } from "./commands.ts";
import type { Project } from "./detect/index.ts";
import { SIGNING_KEY } from "./files/change.ts";
import { appSnippet, settings } from "./files/fastapi.ts";
import { signInPage } from "./files/next.ts";
import { configurationPath } from "./files/worker.ts";
import type { Plan } from "./plan.ts";
import { keyFile, type Running } from "./running.ts";
import { indented } from "./show.ts";
import { canRunWrangler, NODE_FOR_WRANGLER } from "./wrangler.ts";

/** What the checks after the writing have found. */
export interface Checked {
  /** Whether Better Auth publishes keys. */
  hasKeys: boolean;
  /** What runs at the edge's address. */
  running: Running;
  /** Whether `doctor` has examined the edge. */
  isExamined: boolean;
}

/** Something that is left for the user to do. */
interface Step {
  /** A sentence; if commands or lines follow, without its end. */
  text: string;
  /** Lines of a file, or commands. */
  lines?: string | CommandLines;
}

/** Prints what is left, in the order in which it works. */
export function showSteps(project: Project, answers: Answers, plan: Plan, checked: Checked): void {
  const commands = new Commands(project, answers);
  const steps = [
    ...arrival(project),
    ...additions(plan, commands),
    ...installation(project, answers, commands),
    ...betterAuthSteps(project, answers, checked),
    ...applicationSteps(project, answers),
    ...startSteps(project, answers, commands, checked),
    ...deploymentSteps(project, answers, commands),
  ];
  print(`\n${outputColors.bold("What is left")}`);
  for (const [index, { text, lines = "" }] of steps.entries()) {
    const mark = `  ${index + 1}. `;
    const place = typeof lines === "string" || lines.folder === "" ? "" : `, in ${lines.folder}/`;
    const code = typeof lines === "string" ? lines : lines.lines.join("\n");
    const end = code === "" ? "." : ":";
    print(mark + paragraph(`${text}${place}${end}`, mark.length).trimStart());
    if (code !== "") print(indented(code));
  }
}

/** The way to a project that is not the current folder. */
function arrival({ folder }: Project): Step[] {
  const path = relative(process.cwd(), folder.root).replace(/^-/, "./-");
  return path === "" ? [] : [{ text: "Go to the project", lines: `cd ${shellWord(path)}` }];
}

function additions({ stays }: Plan, commands: Commands): Step[] {
  const steps = stays.flatMap(({ path, toAdd, inPlaceOf }) => {
    const [hasKey, rest] = [toAdd.includes(SIGNING_KEY), withoutKey(toAdd)];
    const steps: Step[] = [];
    const place = inPlaceOf === undefined ? "" : `, in place of ${inPlaceOf}`;
    const text = `Add to ${path}, which exists${place}`;
    if (rest.trim() !== "") steps.push({ text, lines: rest });
    if (hasKey) {
      const text = `Add a signing key to ${path}, which must not be committed`;
      steps.push({ text, lines: commands.addKey(path) });
    }
    return steps;
  });
  const changes = stays.flatMap(({ path, toChange }) =>
    toChange.map(({ number, text }) => `${path}:${number ?? " add"}  ${text}`),
  );
  if (changes.length === 0) return steps;
  const text = "Change these lines of existing files, which differ from your answers";
  return [{ text, lines: changes.join("\n") }, ...steps];
}

function withoutKey(lines: string): string {
  return lines
    .split("\n")
    .filter((line) => !line.includes(SIGNING_KEY))
    .join("\n");
}

function installation({ fastApi }: Project, { edge, api }: Answers, commands: Commands): Step[] {
  const steps: Step[] = [];
  const javaScript = commands.installJavaScript();
  if (javaScript.lines.length > 0) steps.push({ text: "Install the packages", lines: javaScript });
  if (fastApi && (edge === "none" || api !== undefined)) {
    const python = commands.installPython(fastApi);
    const also = fastApi.installer === "pip" ? ` and add it to ${fastApi.because}` : "";
    const text = `Install the Python package${also}`;
    if (python.lines.length > 0) steps.push({ text, lines: python });
  }
  return steps;
}

function betterAuthSteps(
  { betterAuth }: Project,
  { userClaim, auth }: Answers,
  { hasKeys }: Checked,
): Step[] {
  const steps: Step[] = [];
  if (!hasKeys && betterAuth?.hasJwt !== true) {
    steps.push({
      text: `Add the jwt plugin to ${betterAuth?.file ?? `Better Auth at ${auth}`}, and migrate its database, because the plugin has a table (npx auth@latest migrate)`,
      lines: `import { jwt } from "better-auth/plugins";\n\nplugins: [jwt()],`,
    });
  }
  if (userClaim !== "sub") {
    steps.push({
      text: `Put the claim ${userClaim} into the tokens, by definePayload of the jwt plugin or by the plugin of better-auth-edge/better-auth. Users must not be able to write its value`,
    });
  }
  return steps;
}

function applicationSteps(project: Project, answers: Answers): Step[] {
  const { edge, api } = answers;
  const { next, fastApi } = project;
  const steps: Step[] = [];
  if (edge === "next" && next && signInPage(next) === undefined) {
    steps.push({
      text: "Make the sign-in page /sign-in, to which users without a session are redirected, or name yours in signInPath",
    });
  }
  if (edge === "none" || api !== undefined) {
    const snippet = fastApi?.module && appSnippet(project, fastApi);
    if (snippet) {
      steps.push({
        text: `Add to ${fastApi.module}, below ${fastApi.variable} = FastAPI(), and give each route a user`,
        lines: snippet,
      });
    }
  }
  if (!fastApi && api !== undefined) {
    const names = settings(project, answers).filter((line) => typeof line !== "string");
    steps.push({
      text: "Let the API accept only what the edge has signed. For FastAPI with better-auth-edge, set on this machine",
      lines: names.map(([name, value]) => `${name}=${value}`).join("\n"),
    });
  }
  return steps;
}

function startSteps(
  project: Project,
  answers: Answers,
  commands: Commands,
  checked: Checked,
): Step[] {
  const { fastApi } = project;
  const steps: Step[] = [];
  if (fastApi && (answers.edge === "none" || answers.api !== undefined)) {
    steps.push({ text: "Start FastAPI", lines: commands.startApi(fastApi) });
  }
  if (answers.edge === "none") {
    const check = commands.program(["jwks", answers.auth]);
    return [...steps, { text: "Check the keys of Better Auth", lines: check }];
  }
  const url = localEdge(answers, project);
  steps.push({
    text: startText(url, keyFile(answers, project), checked),
    lines: commands.startEdge(),
  });
  steps.push({ text: "Check it from another terminal", lines: commands.doctor(url) });
  return steps;
}

function startText(url: string, file: string, { running, isExamined }: Checked): string {
  if (running === "nothing") return `Start the edge, at ${url}`;
  if (running === "other") {
    return `Another edge runs at ${url}: it does not have the signing key of ${file}, so init has not examined it. End it, or choose another address with init --undo and init --edge-url <url>. Then start this project's edge`;
  }
  const state = isExamined
    ? `with the signing key of ${file}`
    : "and was started before the changes above";
  return `This project's edge runs at ${url}, ${state}. To start it again, end it first`;
}

function deploymentSteps(project: Project, answers: Answers, commands: Commands): Step[] {
  const { fastApi } = project;
  const { edge, auth, api } = answers;
  const steps: Step[] = [];
  if (edge === "worker") {
    const urls = { BETTER_AUTH_URL: auth, ORIGIN_URL: api ?? auth };
    const local = Object.entries(urls).filter(([, url]) => isLocal(url));
    const names = local.map(([name]) => name).join(" and ");
    const verb =
      names === "" ? "Deploy" : `Replace ${names} in ${configurationPath(project)}, then deploy`;
    if (!canRunWrangler()) {
      steps.push({
        text: `Install Node ${NODE_FOR_WRANGLER} or later to deploy, because wrangler requires it. This is Node ${process.versions.node}`,
      });
    }
    steps.push({
      text: `${verb} with a signing key of its own`,
      lines: commands.deploy(),
    });
  } else if (edge === "next") {
    steps.push({
      text: "Deploy with the variables of .env.local and their deployed values, with another EDGE_SIGNING_KEY",
    });
  }
  if (fastApi && (edge === "none" || api !== undefined)) {
    const names =
      edge === "none" ? "BETTER_AUTH_URL" : "EDGE_JWKS_URL, EDGE_ISSUER and EDGE_AUDIENCE";
    steps.push({ text: `Deploy FastAPI with ${names} of the deployment in its environment` });
  }
  return steps;
}

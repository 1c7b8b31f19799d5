/** `doctor <worker url>`: is this deployment well? */
import { type Command, type Given, readUrl, UsageError } from "../arguments.ts";
import { issuersJwksUrl, jwksUrl } from "../jwks.ts";
import { marked } from "../marks.ts";
import { output, paragraph, print, printable, printJson } from "../terminal.ts";
import { checkAssertion } from "./assertion.ts";
import { checkClock } from "./clock.ts";
import { checkCors } from "./cors.ts";
import { Deployment, NoAnswer } from "./deployment.ts";
import { CHECKS, type Check, type Finding, findings } from "./finding.ts";
import { checkAuthServer, checkHealth } from "./health.ts";
import { checkRefusal } from "./refusal.ts";

export const doctor: Command = {
  summary: "checks a running deployment from outside",
  argument: "the Worker's URL",
  options: {
    path: "value",
    "base-url": "value",
    "jwks-url": "value",
    origin: "value",
    json: "switch",
  },
  help: `Checks a running deployment from outside: settings, keys, clock, what is refused, CORS, the
assertion's keys. It sends about ten requests, none of which carries a token that is worth anything.

Usage: better-auth-edge doctor <worker url> [options]

Options
  --path <path>       a path that needs a token; by default one that should not exist
  --base-url <url>    Better Auth's URL, to hold its keys against those that the edge has; a path in
                      it is Better Auth's base path
  --jwks-url <url>    the same, where the keys are elsewhere
  --origin <origin>   where your pages are, to see whether they may call (CORS)
  --json              for programs
  -h, --help          this

Exit codes: 0 if nothing failed, warnings or not; 1 if something did.

Examples
  npx better-auth-edge doctor https://edge.example.com
  npx better-auth-edge doctor https://edge.example.com --base-url https://app.example.com \\
    --origin https://app.example.com --path /api/me
`,
  run,
};

async function run(given: Given): Promise<number> {
  const url = readUrl(given.argument, "the Worker's URL");
  const path = given.value("path") ?? "/better-auth-edge-doctor";
  if (!/^\/(?!\/)[\x21-\x7e]*$/.test(path))
    throw new UsageError("--path does not begin with one /");
  const found = await examine(new Deployment(url, path), given);
  const failed = found.filter(({ level }) => level === "failure").length;
  if (given.has("json")) printJson({ url: url.origin, ok: failed === 0, findings: found });
  else show(url, found, failed);
  return failed === 0 ? 0 : 1;
}

async function examine(deployment: Deployment, given: Given): Promise<Finding[]> {
  const [keys, base] = [given.url("jwks-url"), given.url("base-url")];
  const published = keys ? jwksUrl(keys) : base && issuersJwksUrl(base);
  const page = given.url("origin");
  const found: Finding[] = [];
  try {
    const health = await checkHealth(deployment);
    found.push(...health.findings);
    if (published) found.push(...(await checkAuthServer(published, health.keys)));
    if (health.goesOn) {
      found.push(...(await checkRefusal(deployment)));
      found.push(...(await checkCors(deployment, page)));
      found.push(...(await checkAssertion(deployment)));
    }
    found.push(checkClock(deployment.answers, "the edge"));
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    const cure = "Is the URL right, and is the Worker deployed? npx wrangler deployments list.";
    found.push(findings("settings").failure(`the edge does not answer: ${error.message}`, cure));
  }
  const missing = CHECKS.filter((check) => !found.some((finding) => finding.check === check));
  found.push(...missing.map((check) => findings(check).skipped("not looked at: see above first")));
  return found.sort((a, b) => CHECKS.indexOf(a.check) - CHECKS.indexOf(b.check));
}

function show(url: URL, found: Finding[], failed: number): void {
  print(`${output.bold("Deployment")}  ${url.origin}`);
  let last: Check | undefined;
  for (const { check, level, text, cure } of found) {
    if (check !== last) print(`\n${output.bold(TITLES[check])}`);
    last = check;
    const word = level === "ok" || level === "skipped" ? "" : `${level}: `;
    print(marked(level === "skipped" ? "info" : level, printable(`${word}${text}`, 500)));
    if (cure !== undefined) print(output.dim(paragraph(printable(cure, 1000), 6)));
  }
  const warnings = found.filter(({ level }) => level === "warning").length;
  print(`\n${count(failed, "failure")}, ${count(warnings, "warning")}`);
}

function count(number: number, noun: string): string {
  return `${number === 0 ? "no" : number} ${noun}${number === 1 ? "" : "s"}`;
}

const TITLES: Record<Check, string> = {
  settings: "Settings",
  keys: "Keys of the auth server",
  clock: "Clock",
  refusal: "Refusal",
  cors: "CORS",
  assertion: "Assertion",
};

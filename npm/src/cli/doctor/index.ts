import { type Arguments, type Command, readUrl, UsageError } from "../arguments.ts";
import { NoResponse } from "../http.ts";
import { betterAuthJwksUrl, jwksUrl } from "../jwks.ts";
import { marked } from "../marks.ts";
import { outputColors, paragraph, print, printable, printJson } from "../terminal.ts";
import { adviceFor } from "./advice.ts";
import { checkAssertion } from "./assertion.ts";
import { readSession } from "./auth-server.ts";
import { checkClock } from "./clock.ts";
import { checkCors } from "./cors.ts";
import { Deployment } from "./deployment.ts";
import { CHECKS, type Check, type Finding, findings } from "./finding.ts";
import { checkAuthServer, checkHealth } from "./health.ts";
import { checkRejection } from "./rejection.ts";
import { checkSignOut, notProved, type SignOut } from "./sign-out.ts";

/** `doctor <worker url>`: checks a deployment from outside. */
export const doctor: Command = {
  summary: "checks a running deployment from outside",
  argument: "the Worker's URL",
  options: {
    path: "value",
    "base-url": "value",
    "jwks-url": "value",
    origin: "value",
    "sign-out": "switch",
    wait: "value",
    json: "switch",
  },
  help: `Checks a running deployment from outside: its settings, keys, clock, rejections, ended
sessions, CORS and the assertion's keys. The command sends about ten requests, none with a valid
token unless you ask for a sign-out.

Usage: better-auth-edge doctor <worker url> [options]

Options
  --path <path>       a path that requires a token; default: one that should not exist
  --base-url <url>    Better Auth's URL, to compare its keys with the edge's; a path in it is
                      Better Auth's base path
  --jwks-url <url>    the URL of the keys, if they are not at Better Auth's default path
  --origin <origin>   the origin of your pages, to check that CORS allows them
  --sign-out          prove a sign-out: end a test user's session at --base-url, and measure when
                      the edge refuses its token. Standard input has the Cookie header of the
                      session, or a session token
  --wait <seconds>    the time in which the edge must refuse it; default: 15
  --json              print JSON
  -h, --help          show this help

Exit codes: 0 if no check failed, with or without warnings; 1 if one failed.

Examples
  npx better-auth-edge doctor https://edge.example.com
  npx better-auth-edge doctor https://edge.example.com --base-url https://app.example.com \\
    --origin https://app.example.com --path /api/me
  pbpaste | npx better-auth-edge doctor https://edge.example.com --path /api/me \\
    --base-url https://app.example.com --sign-out
`,
  run,
};

async function run(args: Arguments): Promise<number> {
  const url = readUrl(args.positional, "the Worker's URL");
  const path = args.value("path") ?? "/better-auth-edge-doctor";
  if (!/^\/(?!\/)[\x21-\x7e]*$/.test(path))
    throw new UsageError("--path does not begin with one /");
  const signOut = await readSignOut(args);
  const found = await examine(new Deployment(url, path), args, signOut);
  const failed = found.filter(({ level }) => level === "failure").length;
  if (args.has("json")) printJson({ url: url.origin, ok: failed === 0, findings: found });
  else show(url, found, failed);
  return failed === 0 ? 0 : 1;
}

async function readSignOut(args: Arguments): Promise<SignOut | undefined> {
  const wait = args.seconds("wait");
  if (!args.has("sign-out")) {
    if (wait !== undefined) throw new UsageError("--wait requires --sign-out");
    return undefined;
  }
  const baseURL = args.url("base-url");
  if (!baseURL) throw new UsageError("--sign-out requires --base-url");
  return { baseURL, session: await readSession(), wait: wait ?? 15 };
}

/**
 * Checks a deployment.
 *
 * @param args the options `base-url`, `jwks-url` and `origin`
 * @param signOut the session to end; without it, the checks change nothing
 */
export async function examine(
  deployment: Deployment,
  args: Arguments,
  signOut?: SignOut,
): Promise<Finding[]> {
  const [keys, base] = [args.url("jwks-url"), args.url("base-url")];
  const authServer = keys ? jwksUrl(keys) : base && betterAuthJwksUrl(base);
  const origin = args.url("origin")?.origin;
  const found: Finding[] = [];
  try {
    const health = await checkHealth(deployment);
    found.push(...health.findings);
    if (authServer) found.push(...(await checkAuthServer(authServer, health.keys)));
    if (health.isServing) {
      found.push(...(await checkRejection(deployment)));
      const { hasRevocations } = health;
      if (signOut) found.push(...(await checkSignOut(deployment, signOut, hasRevocations)));
      else if (hasRevocations) found.push(notProved());
      found.push(...(await checkCors(deployment, origin)));
      found.push(...(await checkAssertion(deployment)));
    }
    found.push(checkClock(deployment.responses, "the edge"));
  } catch (error) {
    if (!(error instanceof NoResponse)) throw error;
    const { unreachable } = adviceFor(deployment.origin);
    const text = `the edge does not respond: ${error.message}`;
    found.push(findings("settings").failure(text, unreachable));
  }
  const missing = CHECKS.filter((check) => !found.some((finding) => finding.check === check));
  found.push(
    ...missing.map((check) => findings(check).skipped("not checked: fix the failures above first")),
  );
  return found.sort((a, b) => CHECKS.indexOf(a.check) - CHECKS.indexOf(b.check));
}

function show(url: URL, found: Finding[], failed: number): void {
  print(`${outputColors.bold("Deployment")}  ${url.origin}`);
  let last: Check | undefined;
  for (const { check, level, text, cure } of found) {
    if (check !== last) print(`\n${outputColors.bold(TITLES[check])}`);
    last = check;
    const word = level === "ok" || level === "skipped" ? "" : `${level}: `;
    print(marked(level === "skipped" ? "info" : level, printable(`${word}${text}`, 500)));
    if (cure !== undefined) print(outputColors.dim(paragraph(printable(cure, 1000), 6)));
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
  refusal: "Rejection",
  revocation: "Ended sessions",
  cors: "CORS",
  assertion: "Assertion",
};

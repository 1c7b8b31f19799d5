import { text as readAll } from "node:stream/consumers";
import { createVerifier, EdgeAuthError, type VerifierOptions } from "../index.ts";
import { type Arguments, type Command, UsageError } from "./arguments.ts";
import { explain } from "./explanations.ts";
import { describeFailure, withoutQuery, withUserAgent } from "./http.ts";
import { marked } from "./marks.ts";
import {
  formatValue,
  outputColors,
  paragraph,
  print,
  printable,
  printJson,
  withProgress,
} from "./terminal.ts";
import { formatTime, TIME_CLAIMS } from "./times.ts";
import { type DecodedToken, decodeToken } from "./token.ts";

/** `verify`: shows a token's contents, and whether the edge accepts it. */
export const verify: Command = {
  summary: "shows a token's contents, and whether the edge accepts it",
  options: {
    token: "value",
    "base-url": "value",
    "jwks-url": "value",
    issuer: "values",
    audience: "values",
    algorithms: "values",
    profile: "value",
    "user-claim": "values",
    "clock-tolerance": "value",
    "max-token-age": "value",
    json: "switch",
  },
  help: `Shows a token's header, claims and times, whether the edge accepts it, and why not.

Usage: better-auth-edge verify --base-url <url> [--token <token>] [options]
       better-auth-edge verify --jwks-url <url> [--token <token>] [options]

  --token <token>         the token; "-" or no option reads standard input, because other users of
                          the machine can see a command line, and the shell stores it
  --base-url <url>        Better Auth's URL: its keys, and its origin as issuer and audience. A path
                          is Better Auth's base path
  --jwks-url <url>        the URL of the keys; alone, its origin is the issuer and audience

Options, named as the Worker's settings
  --issuer <issuers>      accepted issuers, comma-separated
  --audience <audiences>  accepted audiences, comma-separated
  --algorithms <names>    accepted algorithms; default: EdDSA,ES256,ES512,PS256,RS256
  --profile <profile>     session (default), access-token, session-cache or edge-assertion
  --user-claim <claims>   the claim that identifies the user; default: sub
  --clock-tolerance <s>   allowed clock difference in seconds; default: 5
  --max-token-age <s>     maximum seconds since iat
  --json                  print JSON
  -h, --help              show this help

Exit codes: 0 if the token is accepted, 1 if it is rejected or no keys are available.

Examples
  pbpaste | npx better-auth-edge verify --base-url https://app.example.com
  npx better-auth-edge verify --jwks-url https://app.example.com/api/auth/jwks --token - < token.txt
  npx better-auth-edge verify --base-url http://localhost:3000 --audience https://api.example.com \\
    --json < token.txt | jq -r .code
`,
  run,
};

async function run(args: Arguments): Promise<number> {
  const options = readOptions(args);
  const token = await readToken(args);
  const decoded = decodeToken(token);
  const decision = await decide(token, options).catch((error: unknown) => {
    if (!(error instanceof EdgeAuthError)) throw error;
    throw new UsageError(withOptionNames(error.message));
  });
  if (!decision.ok) {
    decision.detail = withOptionsInBrackets(decision.detail);
    decision.problem &&= withOptionsInBrackets(decision.problem);
  }
  if (args.has("json")) showJson(decoded, decision);
  else show(decoded, decision);
  return decision.ok ? 0 : 1;
}

/** The verifier's decision. */
export type Decision =
  | { ok: true; user: string; kid: string | undefined }
  | {
      ok: false;
      code: string;
      status: number;
      detail: string;
      /** Why no keys are available. */
      problem: string | undefined;
    };

/**
 * Verifies a token as the edge does.
 *
 * @throws {EdgeAuthError} `misconfigured` if the options are invalid
 */
export async function decide(token: string, options: VerifierOptions): Promise<Decision> {
  let url = "";
  let failure: string | undefined;
  // observes the verifier's fetch, to say more about a failure than the verifier can
  const observed: typeof fetch = async (input, init) => {
    url = String(input);
    try {
      const task = `fetching keys from ${new URL(url).host}`;
      const response = await withProgress(task, fetch(url, withUserAgent(init)));
      const location = response.headers.get("location");
      if (location !== null) {
        failure = `the server redirects to ${printable(withoutQuery(location))}`;
      }
      return response;
    } catch (error) {
      failure = describeFailure(error);
      throw error;
    }
  };
  try {
    const verifier = await createVerifier({ ...options, fetch: observed });
    const { user, protectedHeader } = await verifier.verify(token);
    return { ok: true, user: user.id, kid: protectedHeader.kid };
  } catch (error) {
    if (!(error instanceof EdgeAuthError)) throw error;
    const { code, status, message: detail, cause } = error;
    if (code === "misconfigured") throw error;
    const reason = failure ?? (cause instanceof Error ? cause.message : undefined);
    const problem = reason === undefined ? undefined : `${withoutQuery(url)}: ${reason}`;
    return { ok: false, code, status, detail, problem };
  }
}

function readOptions(args: Arguments): VerifierOptions {
  const base = args.url("base-url");
  const jwks = args.url("jwks-url");
  if (!base && !jwks) throw new UsageError("--base-url or --jwks-url is missing");
  return {
    baseURL: base?.href ?? jwks?.origin,
    jwksUrl: jwks?.href,
    issuer: args.values("issuer"),
    audience: args.values("audience"),
    // the verifier rejects unknown names
    algorithms: args.values("algorithms") as VerifierOptions["algorithms"],
    profile: args.value("profile") as VerifierOptions["profile"],
    userClaim: args.values("user-claim"),
    clockTolerance: args.seconds("clock-tolerance"),
    maxTokenAge: args.seconds("max-token-age"),
  };
}

/** Replaces the verifier's option names in an error message with those of the command line. */
function withOptionNames(message: string): string {
  return message
    .replace(/\b(userClaim|clockTolerance|maxTokenAge|baseURL|jwksUrl)\b/g, (name) => {
      const words = name.replace(/URL$/, "Url").replace(/[A-Z]/g, (letter) => `-${letter}`);
      return `--${words.toLowerCase()}`;
    })
    .replace(/\b(?<!-)(issuer|audience|algorithms|profile)\b(?= )/g, "--$1");
}

/** The same for a text that may quote a token or a URL. Its advice has the names in brackets. */
function withOptionsInBrackets(text: string): string {
  return text.replace(/\((baseURL|basePath|jwksUrl)\)/g, (_, name: string) =>
    name === "basePath" ? "(the path of --base-url)" : `(${withOptionNames(name)})`,
  );
}

async function readToken(args: Arguments): Promise<string> {
  const token = args.value("token") ?? "-";
  if (token !== "-") return withoutScheme(token);
  if (process.stdin.isTTY) process.stderr.write("Paste the token, then press Enter and Ctrl-D:\n");
  const text = withoutScheme(await readAll(process.stdin));
  if (text === "") throw new UsageError("standard input is empty; or pass the token by --token");
  return text;
}

/** Removes what users copy from a request along with the token: the scheme, and line breaks. */
export function withoutScheme(text: string): string {
  return text.trim().replace(/^(?:authorization:\s*)?bearer\s+/i, "");
}

function showJson(decoded: DecodedToken, decision: Decision): void {
  const { header, claims } = decoded;
  const times = Object.entries(claims ?? {}).filter(([name, value]) => isTime(name, value));
  const cure = decision.ok ? undefined : explain(decision.code)?.cure;
  printJson({
    ...decision,
    verified: decision.ok,
    header: header ?? null,
    claims: claims ?? null,
    times: Object.fromEntries(times.map(([name, value]) => [name, formatTime(value as number)])),
    cure,
  });
}

function show(decoded: DecodedToken, decision: Decision): void {
  const { bold, dim } = outputColors;
  const caveat = decision.ok ? "" : dim(`  ${signatureNote(decision.code)}`);
  print(dim(decoded.description));
  if (decoded.header) print(`\n${bold("Header")}${caveat}\n${members(decoded.header)}`);
  if (decoded.claims) print(`\n${bold("Claims")}${caveat}\n${members(decoded.claims)}`);
  print(`\n${bold("Decision")}`);
  if (decision.ok) {
    const key = decision.kid === undefined ? "" : `, signed by key ${formatValue(decision.kid)}`;
    print(marked("ok", `accepted: the user is ${formatValue(decision.user)}${key}`));
    print(paragraph(NOT_CHECKED, 4));
    return;
  }
  const { code, status, detail, problem } = decision;
  const explanation = explain(code);
  const title = explanation ? `. ${explanation.title}` : "";
  print(marked("failure", `rejected: ${bold(code)} (${status})${title}`));
  print(paragraph(printable(detail, 1000), 4));
  if (problem !== undefined) print(paragraph(printable(problem, 1000), 4));
  if (!explanation) return;
  for (const [name, text] of [
    ["What it means", explanation.meaning],
    ["Usual causes", explanation.causes],
    ["What to do", explanation.cure],
  ] as const) {
    print(`\n  ${bold(name)}\n${paragraph(text, 4)}`);
  }
}

/** What a decision about a token does not say. */
export const NOT_CHECKED =
  "This does not check whether the session has ended: only the edge knows that.";

/**
 * Says whether a rejected token's signature is valid. Claims are checked after it, so their codes
 * imply that.
 */
export function signatureNote(code: string): string {
  return CLAIM_CODES.includes(code)
    ? "the signature is valid, but the token is rejected: see below"
    : "not verified: the contents may be forged";
}

const CLAIM_CODES = [
  "missing_claim",
  "invalid_claim",
  "issuer_mismatch",
  "audience_mismatch",
  "expired",
  "not_yet_valid",
  "insufficient_claims",
];

function members(object: Record<string, unknown>): string {
  const names = Object.keys(object);
  const width = Math.max(0, ...names.map((name) => printable(name, 40).length));
  const lines = Object.entries(object).map(([name, value]) => {
    const time = isTime(name, value) ? outputColors.dim(`  ${formatTime(value as number)}`) : "";
    return `  ${printable(name, 40).padEnd(width)}  ${formatValue(value)}${time}`;
  });
  return lines.join("\n");
}

function isTime(name: string, value: unknown): boolean {
  return TIME_CLAIMS.includes(name) && typeof value === "number";
}

/** `verify`: what a token says, and what the edge would make of it. */
import { text as readAll } from "node:stream/consumers";
import { createVerifier, EdgeAuthError, type VerifierOptions } from "../index.ts";
import { type Command, type Given, UsageError } from "./arguments.ts";
import { explain } from "./explanations.ts";
import { named, why } from "./http.ts";
import { marked } from "./marks.ts";
import { output, paragraph, print, printable, printJson, shown, waiting } from "./terminal.ts";
import { moment, TIME_CLAIMS } from "./times.ts";
import { type Read, readToken } from "./token.ts";

export const verify: Command = {
  summary: "shows what a token says, and what the edge would make of it",
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
  help: `Shows a token's header, claims and times, and what the edge would make of it, and why.

Usage: better-auth-edge verify --base-url <url> [--token <token>] [options]
       better-auth-edge verify --jwks-url <url> [--token <token>] [options]

  --token <token>         the token; "-", or nothing, for standard input: what stands on a command
                          line is seen by other users of the machine, and kept by the shell
  --base-url <url>        Better Auth's URL: its keys, and its origin as issuer and audience
  --jwks-url <url>        where the keys are; alone, its origin is the issuer and audience

Options, named as the Worker's settings
  --issuer <issuers>      accepted issuers, separated by commas
  --audience <audiences>  accepted audiences
  --algorithms <names>    EdDSA,ES256,ES512,PS256,RS256 by default
  --profile <profile>     session (default), access-token, session-cache or edge-assertion
  --user-claim <claims>   the claim that says who the user is; sub by default
  --clock-tolerance <s>   how far clocks may differ, in seconds; 5 by default
  --max-token-age <s>     the most seconds since iat
  --json                  for programs
  -h, --help              this

Exit codes: 0 if the token is accepted, 1 if it is not, or if there are no keys to tell.

Examples
  pbpaste | npx better-auth-edge verify --base-url https://app.example.com
  npx better-auth-edge verify --jwks-url https://app.example.com/api/auth/jwks --token - < token.txt
  npx better-auth-edge verify --base-url http://localhost:3000 --audience https://api.example.com \\
    --json < token.txt | jq -r .code
`,
  run,
};

async function run(given: Given): Promise<number> {
  const options = readOptions(given);
  const token = await tokenOf(given);
  const read = readToken(token);
  const decision = await decide(token, options);
  if (given.has("json")) showJson(read, decision);
  else show(read, decision);
  return decision.ok ? 0 : 1;
}

/** What the verifier says. */
type Decision =
  | { ok: true; user: string; kid: string | undefined }
  | {
      ok: false;
      code: string;
      status: number;
      detail: string;
      /** Why there are no keys. */
      problem: string | undefined;
    };

async function decide(token: string, options: VerifierOptions): Promise<Decision> {
  let asked = "";
  let seen: string | undefined;
  // it is the verifier that fetches; here is only noted what it has no words for
  const observed: typeof fetch = async (input, init) => {
    asked = String(input);
    try {
      const response = await waiting(`asking ${new URL(asked).host}`, fetch(asked, named(init)));
      const location = response.headers.get("location");
      if (location !== null) seen = `it answered with a redirect to ${printable(location)}`;
      return response;
    } catch (error) {
      seen = why(error);
      throw error;
    }
  };
  const observing = { ...options, fetch: observed };
  try {
    const verifier = await createVerifier(observing);
    const { user, protectedHeader } = await verifier.verify(token);
    return { ok: true, user: user.id, kid: protectedHeader.kid };
  } catch (error) {
    if (!(error instanceof EdgeAuthError)) throw error;
    const { code, status, message: detail, cause } = error;
    if (code === "misconfigured") throw new UsageError(inOptions(detail));
    const reason = seen ?? (cause instanceof Error ? cause.message : undefined);
    const problem = reason === undefined ? undefined : `${asked}: ${reason}`;
    return { ok: false, code, status, detail, problem };
  }
}

function readOptions(given: Given): VerifierOptions {
  const base = given.url("base-url");
  const jwks = given.url("jwks-url");
  if (!base && !jwks) throw new UsageError("--base-url or --jwks-url is missing");
  return {
    baseURL: base?.href ?? jwks?.origin,
    jwksUrl: jwks?.href,
    issuer: given.values("issuer"),
    audience: given.values("audience"),
    // the verifier says which are none
    algorithms: given.values("algorithms") as VerifierOptions["algorithms"],
    profile: given.value("profile") as VerifierOptions["profile"],
    userClaim: given.values("user-claim"),
    clockTolerance: given.seconds("clock-tolerance"),
    maxTokenAge: given.seconds("max-token-age"),
  };
}

/** The verifier's faults, with its options as they are called here. */
function inOptions(faults: string): string {
  return faults
    .replace(/\b(userClaim|clockTolerance|maxTokenAge|baseURL|jwksUrl)\b/g, (name) => {
      const words = name.replace(/URL$/, "Url").replace(/[A-Z]/g, (letter) => `-${letter}`);
      return `--${words.toLowerCase()}`;
    })
    .replace(/\b(?<!-)(issuer|audience|algorithms|profile)\b(?= )/g, "--$1");
}

async function tokenOf(given: Given): Promise<string> {
  const token = given.value("token") ?? "-";
  if (token !== "-") return withoutScheme(token);
  if (process.stdin.isTTY) process.stderr.write("Paste the token, then press Enter and Ctrl-D:\n");
  const text = withoutScheme(await readAll(process.stdin));
  if (text === "") throw new UsageError("standard input is empty; --token says the token");
  return text;
}

/** As it is copied from a request: with its scheme, or a line break behind. */
function withoutScheme(text: string): string {
  return text.trim().replace(/^(?:authorization:\s*)?bearer\s+/i, "");
}

function showJson(read: Read, decision: Decision): void {
  const { header, claims } = read;
  const times = Object.entries(claims ?? {}).filter(([name, value]) => isTime(name, value));
  const cure = decision.ok ? undefined : explain(decision.code)?.cure;
  printJson({
    ...decision,
    verified: decision.ok,
    header: header ?? null,
    claims: claims ?? null,
    times: Object.fromEntries(times.map(([name, value]) => [name, moment(value as number)])),
    cure,
  });
}

function show(read: Read, decision: Decision): void {
  const unverified = decision.ok ? "" : output.dim(`  ${standing(decision.code)}`);
  print(output.dim(read.form));
  if (read.header) print(`\n${output.bold("Header")}${unverified}\n${members(read.header)}`);
  if (read.claims) print(`\n${output.bold("Claims")}${unverified}\n${members(read.claims)}`);
  print(`\n${output.bold("Decision")}`);
  if (decision.ok) {
    const key = decision.kid === undefined ? "" : `, signed by key ${shown(decision.kid)}`;
    print(marked("ok", `accepted: the user is ${shown(decision.user)}${key}`));
    return;
  }
  const { code, status, detail, problem } = decision;
  const explanation = explain(code);
  const title = explanation ? `. ${explanation.title}` : "";
  print(marked("failure", `refused: ${output.bold(code)} (${status})${title}`));
  print(paragraph(printable(detail, 1000), 4));
  if (problem !== undefined) print(paragraph(printable(problem, 1000), 4));
  if (!explanation) return;
  for (const [name, text] of [
    ["What it means", explanation.meaning],
    ["Usual causes", explanation.causes],
    ["What to do", explanation.cure],
  ] as const) {
    print(`\n  ${output.bold(name)}\n${paragraph(text, 4)}`);
  }
}

/** What is known of who wrote a refused token. Claims are checked last: their codes are of a good signature. */
function standing(code: string): string {
  return SIGNED.includes(code)
    ? "the signature is good, and the token is refused: see below"
    : "not verified: anyone could have written it";
}

const SIGNED = [
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
    const words = isTime(name, value) ? output.dim(`  ${moment(value as number)}`) : "";
    return `  ${printable(name, 40).padEnd(width)}  ${shown(value)}${words}`;
  });
  return lines.join("\n");
}

function isTime(name: string, value: unknown): boolean {
  return TIME_CLAIMS.includes(name) && typeof value === "number";
}

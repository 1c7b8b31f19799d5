/** `jwks <url>`: what a server publishes, key by key. */
import { type Command, type Given, readUrl } from "./arguments.ts";
import { type Answer, ask, NoAnswer } from "./http.ts";
import { type Entry, type KeySet, keyUrlWarning, type Note, readKeySet } from "./key-set.ts";
import { marked } from "./marks.ts";
import { output, print, printable, printJson, shown, table, waiting } from "./terminal.ts";

export const jwks: Command = {
  summary: "shows the keys that a server publishes, and what is wrong with each",
  argument: "the URL of a JWK Set",
  options: { json: "switch" },
  help: `Shows the keys that a server publishes, and what is wrong or unusual about each.

Usage: better-auth-edge jwks <url> [--json]

  <url>       a JWK Set's; a URL without a path is taken as Better Auth's: /api/auth/jwks is added

Options
  --json      for programs
  -h, --help  this

Exit codes: 0 if tokens can be verified with these keys, 1 if not, or if a private key is published.

Examples
  npx better-auth-edge jwks https://app.example.com
  npx better-auth-edge jwks https://app.example.com/api/auth/jwks --json | jq '.keys[].kid'
`,
  run,
};

async function run(given: Given): Promise<number> {
  const url = jwksUrl(readUrl(given.argument, "what is given"));
  const result = await fetchKeySet(url);
  const warning = await keyUrlWarning(url);
  if (warning !== undefined && "set" in result) {
    result.set.notes.push({ level: "warning", text: warning });
  }
  const isGood = "set" in result && !allNotes(result.set).some(({ level }) => level === "failure");
  if (given.has("json")) {
    printJson(
      "set" in result
        ? { url: url.href, ok: isGood, keys: result.set.entries, notes: result.set.notes }
        : { url: url.href, ok: false, error: result.problem, cure: result.cure },
    );
  } else {
    show(url, result);
  }
  return isGood ? 0 : 1;
}

/** A base URL stands for Better Auth's own default path. */
export function jwksUrl(url: URL): URL {
  return url.pathname === "/" && url.search === "" ? new URL("/api/auth/jwks", url) : url;
}

/** Where Better Auth publishes its keys, by its base URL: a path in that is its base path, as the edge reads it. */
export function issuersJwksUrl(base: URL): URL {
  const basePath = base.pathname.replace(/\/+$/, "");
  // the whole URL of a key set is taken as well
  if (basePath === "" || basePath.endsWith("/jwks")) return jwksUrl(base);
  return new URL(`${basePath}/jwks`, base);
}

/** A set, or why there is none: half a sentence, and what to do. And the answer, if there was one. */
export type Fetched = ({ set: KeySet } | { problem: string; cure: string }) & { answer?: Answer };

/** Fetches a JWK Set as the edge would. */
export async function fetchKeySet(url: URL): Promise<Fetched> {
  let answer: Answer;
  try {
    const headers = { accept: "application/jwk-set+json, application/json" };
    answer = await waiting(`asking ${url.host} for its keys`, ask(url, { headers }));
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return { problem: error.message, cure: "Is Better Auth running, and is this its address?" };
  }
  if (answer.status !== 200) return { ...unexpected(answer), answer };
  try {
    return { set: await readKeySet(answer.text), answer };
  } catch (error) {
    const problem = `the answer is no JWK Set: ${(error as Error).message}`;
    return { problem, cure: AT_JWKS, answer };
  }
}

function unexpected({ status, headers }: Answer): { problem: string; cure: string } {
  const problem = `the server answered ${status}`;
  const location = headers.get("location");
  if (status >= 300 && status < 400 && location !== null) {
    return {
      problem: `${problem}, a redirect to ${printable(location)}`,
      cure: "The edge follows none: name the last URL, or let nobody be sent to a sign-in page here.",
    };
  }
  if (status === 404) return { problem, cure: AT_JWKS };
  if (status === 429) return { problem, cure: "Better Auth limits requests; wait ten seconds." };
  if (status === 401 || status === 403) {
    return { problem, cure: "Keys are public: take the protection off this path." };
  }
  return { problem, cure: "Look at the server's own log." };
}

const AT_JWKS =
  "Better Auth's keys are at /api/auth/jwks, unless basePath or the jwt plugin's jwksPath say otherwise.";

function show(url: URL, result: Fetched): void {
  print(`${output.bold("JWK Set")}  ${url.href}`);
  if (!("set" in result)) {
    print(`\n${marked("failure", printable(result.problem, 1000))}`);
    print(`    ${result.cure}`);
    return;
  }
  const { entries, notes } = result.set;
  if (entries.length > 0) print(`\n${table([HEAD, ...entries.map(row)])}`);
  const all = allNotes(result.set);
  if (all.length > 0) print();
  for (const entry of entries) {
    for (const { level, text } of entry.notes) {
      print(marked(level, `key ${entry.number}: ${printable(text)}`));
    }
  }
  for (const { level, text } of notes) print(marked(level, text));
  const usable = entries.filter((entry) => entry.usable).length;
  print(`\n${usable} of ${entries.length} ${entries.length === 1 ? "key" : "keys"} can be used`);
}

const HEAD = ["", "kid", "kty", "alg", "curve or size", "use", ""];

function row(entry: Entry): string[] {
  const { number, kid, kty, alg, crv, bits, use, usable } = entry;
  const size = kty === "RSA" ? (bits === null ? null : `${bits} bits`) : crv;
  const cells = [kid, kty, alg, size, use].map((cell) => (cell === null ? "–" : shown(cell)));
  return [`${number}`, ...cells, usable ? output.green("usable") : output.red("unusable")];
}

function allNotes({ entries, notes }: KeySet): Note[] {
  return [...entries.flatMap((entry) => entry.notes), ...notes];
}

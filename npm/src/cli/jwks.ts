import { type Arguments, type Command, readUrl } from "./arguments.ts";
import { isLocal } from "./doctor/advice.ts";
import { type HttpResponse, NoResponse, request, withoutQuery } from "./http.ts";
import { type KeyEntry, type KeySet, keyUrlWarning, type Note, readKeySet } from "./key-set.ts";
import { marked } from "./marks.ts";
import {
  formatValue,
  outputColors,
  print,
  printable,
  printJson,
  table,
  withProgress,
} from "./terminal.ts";

/** `jwks <url>`: shows the keys of a JWK Set, and what is wrong with each. */
export const jwks: Command = {
  summary: "shows the keys of an auth server, and what is wrong with each",
  argument: "the URL of a JWK Set",
  options: { json: "switch" },
  help: `Shows the keys of an auth server, and what is wrong or unusual about each.

Usage: better-auth-edge jwks <url> [--json]

  <url>       the URL of a JWK Set; without a path, Better Auth's /api/auth/jwks is added

Options
  --json      print JSON
  -h, --help  show this help

Exit codes: 0 if the keys can verify tokens, 1 if they cannot, or if a private key is published.

Examples
  npx better-auth-edge jwks https://app.example.com
  npx better-auth-edge jwks https://app.example.com/api/auth/jwks --json | jq '.keys[].kid'
`,
  run,
};

async function run(args: Arguments): Promise<number> {
  const url = jwksUrl(readUrl(args.positional, "the argument"));
  const result = await inspectKeySet(url);
  const isGood = "set" in result && isUsable(result.set);
  if (args.has("json")) {
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

/** The URL of the JWK Set: Better Auth's default path is added to a URL without a path. */
export function jwksUrl(url: URL): URL {
  return url.pathname === "/" && url.search === "" ? new URL("/api/auth/jwks", url) : url;
}

/**
 * The URL of Better Auth's JWK Set. A path in the base URL is Better Auth's base path, as for the
 * edge.
 */
export function betterAuthJwksUrl(baseURL: URL): URL {
  const basePath = baseURL.pathname.replace(/\/+$/, "");
  // the URL of a JWK Set is accepted too
  if (basePath === "" || basePath.endsWith("/jwks")) return jwksUrl(baseURL);
  const url = new URL(baseURL);
  // resolved against the URL, a path that begins with `//` would name another host
  url.pathname = `${basePath}/jwks`;
  url.search = url.hash = "";
  return url;
}

/**
 * A JWK Set; or the problem as half a sentence, and the cure. `response` is absent if the server
 * did not respond.
 */
export type KeySetResult = ({ set: KeySet } | { problem: string; cure: string }) & {
  response?: HttpResponse;
};

/** Fetches a JWK Set as the edge does. Its notes also say what is unusual about the URL. */
export async function inspectKeySet(url: URL): Promise<KeySetResult> {
  const result = await fetchKeySet(url);
  const warning = await keyUrlWarning(url);
  if (warning !== undefined && "set" in result) {
    result.set.notes.push({ level: "warning", text: warning });
  }
  return result;
}

/** Whether the keys can verify tokens, and none of them is published by mistake. */
export function isUsable(set: KeySet): boolean {
  return !allNotes(set).some(({ level }) => level === "failure");
}

/** Fetches a JWK Set as the edge does. */
export async function fetchKeySet(url: URL): Promise<KeySetResult> {
  let response: HttpResponse;
  try {
    const headers = { accept: "application/jwk-set+json, application/json" };
    response = await withProgress(`fetching keys from ${url.host}`, request(url, { headers }));
  } catch (error) {
    if (!(error instanceof NoResponse)) throw error;
    const other = isLocal(url.origin) ? ` ${TWO_ADDRESSES}` : "";
    const cure = `Is Better Auth running, and is this its address?${other}`;
    return { problem: error.message, cure };
  }
  if (response.status !== 200) return { ...unexpectedStatus(response), response };
  try {
    return { set: await readKeySet(response.text), response };
  } catch (error) {
    const problem = `the response is not a JWK Set: ${(error as Error).message}`;
    return { problem, cure: DEFAULT_PATH, response };
  }
}

function unexpectedStatus({ status, headers }: HttpResponse): { problem: string; cure: string } {
  const problem = `the server responded with ${status}`;
  const location = headers.get("location");
  if (status >= 300 && status < 400 && location !== null) {
    return {
      problem: `${problem}, a redirect to ${printable(location)}`,
      cure: "The edge follows no redirect: use the final URL. Remove a redirect to a sign-in page.",
    };
  }
  if (status === 404) return { problem, cure: DEFAULT_PATH };
  if (status === 429) return { problem, cure: "Better Auth limits requests: wait ten seconds." };
  if (status === 401 || status === 403) {
    return { problem, cure: "Keys are public: remove the protection of this path." };
  }
  return { problem, cure: "See the server's log." };
}

const TWO_ADDRESSES =
  "localhost is 127.0.0.1 or [::1], and a server may listen on one of them only. In a container, it is the container itself.";

const DEFAULT_PATH =
  "Better Auth's keys are at /api/auth/jwks, unless basePath or the jwt plugin's jwksPath change that.";

function show(url: URL, result: KeySetResult): void {
  print(`${outputColors.bold("JWK Set")}  ${withoutQuery(url.href)}`);
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

function row(entry: KeyEntry): string[] {
  const { number, kid, kty, alg, crv, bits, use, usable } = entry;
  const size = kty === "RSA" ? (bits === null ? null : `${bits} bits`) : crv;
  const cells = [kid, kty, alg, size, use].map((cell) => (cell === null ? "–" : formatValue(cell)));
  const state = usable ? outputColors.green("usable") : outputColors.red("unusable");
  return [`${number}`, ...cells, state];
}

/** The notes about the keys and about the set. */
function allNotes({ entries, notes }: KeySet): Note[] {
  return [...entries.flatMap((entry) => entry.notes), ...notes];
}

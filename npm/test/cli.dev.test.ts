/** `better-auth-edge dev`: the packed Worker in front of a local API. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { closedUrl, serve, type TestServer, until } from "./servers.ts";
import { newSigner, token } from "./tokens.ts";

const PROGRAM = fileURLToPath(new URL("../dist/node/cli.js", import.meta.url));
const signer = newSigner("EdDSA");

let auth: TestServer;
let api: TestServer;
let project: string;
before(async () => {
  auth = await serve(() => ({ body: { keys: [signer.jwk] } }));
  api = await serve(({ headers }) => ({ body: { assertion: headers["x-edge-jwt-assertion"] } }));
  // workerd is found from the package itself
  project = await mkdtemp(join(tmpdir(), "better-auth-edge-dev-"));
});
after(async () => {
  await auth[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
  await rm(project, { recursive: true, force: true });
});

/** Starts `dev` and waits for its URL, or until the output has this pattern. */
async function start(args: string[], cwd = project, ready = /^edge +http/m) {
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, [PROGRAM, "dev", "--port", "0", ...args], {
    env: { PATH, HOME },
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const exited = once(child, "close").then(([code]): number | null => code);
  const shows = (pattern: RegExp) => until(() => pattern.test(output) || child.exitCode !== null);
  await shows(ready);
  return {
    url: /^(?:edge +)?(http\S+)/m.exec(output)?.[1] ?? "",
    output: () => output,
    shows,
    exited,
    async [Symbol.asyncDispose]() {
      child.kill("SIGINT");
      await exited;
    },
  };
}

function tokenOf(sub: string): string {
  const now = Math.floor(Date.now() / 1000);
  return token(signer, { iss: auth.url, aud: auth.url, sub, iat: now, exp: now + 900 });
}

test("dev shows a line for each decision, with its path and code and without the token", async () => {
  await using edge = await start(["--api", api.url, "--auth", auth.url]);
  const bearer = tokenOf("ada");
  const headers = { authorization: `Bearer ${bearer}`, cookie: "theme=secret-cookie" };
  const response = await fetch(`${edge.url}/tasks?q=secret-query`, { headers });
  const { assertion } = (await response.json()) as { assertion: string };
  assert.equal(response.status, 200);
  assert.equal(assertion.split(".").length, 3, "the edge signs with a temporary key");
  assert.equal((await fetch(`${edge.url}/other`)).status, 401);
  await edge.shows(/GET +\/other +401 +missing_token/);
  assert.match(edge.output(), /^\d\d:\d\d:\d\d +GET +\/tasks +200 +→ API +jwt/m);
  assert.match(edge.output(), /^\d\d:\d\d:\d\d +GET +\/other +401 +missing_token/m);
  // the advice of docs/errors.md, once
  assert.equal((await fetch(`${edge.url}/again`)).status, 401);
  await edge.shows(/GET +\/again/);
  assert.equal(edge.output().match(/Authorization: Bearer/g)?.length, 1, edge.output());
  assert.match(edge.output(), /npx better-auth-edge verify --base-url http:\S+ < token\.txt/);
  assert.doesNotMatch(edge.output(), /secret/);
  for (const part of bearer.split(".")) assert(!edge.output().includes(part));
});

test("dev starts the Worker again when .dev.vars changes, at the same port", async () => {
  const own = await mkdtemp(join(project, "project-"));
  const rules = '[{"path":"/open","auth":"public"}]';
  await writeFile(
    join(own, "wrangler.toml"),
    `[vars]\nBETTER_AUTH_URL = "${auth.url}"\nORIGIN_URL = "${api.url}"\n`,
  );
  await using edge = await start([], own);
  assert.equal((await fetch(`${edge.url}/open`)).status, 401);
  await writeFile(join(own, ".dev.vars"), `ROUTES='${rules}'\n`);
  // a request may meet the end of the old process
  const signal = () => AbortSignal.timeout(1_000);
  const isOpen = () =>
    fetch(`${edge.url}/open`, { signal: signal() }).then(
      ({ status }) => status === 200,
      () => false,
    );
  await until(isOpen);
  // an error is shown, and the next change ends it
  await writeFile(join(own, ".dev.vars"), "CLOCK_TOLERANCE=301\n");
  await edge.shows(/^- CLOCK_TOLERANCE/m);
  await writeFile(join(own, ".dev.vars"), `ROUTES='${rules}'\nCLOCK_TOLERANCE=5\n`);
  await until(isOpen);
});

const REJECTING = /^http\S+ responds with 500 misconfigured/m;

/** The status and the code of the response to a request of any kind. */
async function outcome(url: string): Promise<string> {
  const response = await fetch(url, { method: "POST", body: "x".repeat(100_000) });
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  const { code, status } = (await response.json()) as { code: string; status: number };
  assert.equal(status, response.status);
  return `${status} ${code}`;
}

for (const [wrong, text, message] of [
  ["a wrong setting", 'CLOCK_TOLERANCE = "301"', /^- CLOCK_TOLERANCE/m],
  ["a syntax error", "CLOCK_TOLERANCE = ", /wrangler\.toml cannot be parsed: see line 4\b/],
  ["a table in place of rules", '[vars.ROUTES]\npath = "/x"', /\[\[vars\.ROUTES\]\]/],
] as const) {
  test(`dev responds with 500 misconfigured to everything because of ${wrong}, until it is mended`, async () => {
    const own = await mkdtemp(join(project, "wrong-"));
    const file = join(own, "wrangler.toml");
    const vars = `[vars]\nBETTER_AUTH_URL = "${auth.url}"\nORIGIN_URL = "${api.url}"\n`;
    await writeFile(file, `${vars}${text}\n`);
    await using edge = await start([], own, REJECTING);
    // standard error, which may be behind standard output
    await edge.shows(message);
    assert.match(edge.output(), message);
    // each error once
    assert.doesNotMatch(edge.output(), /misconfigured: /);
    assert(edge.output().split("CLOCK_TOLERANCE").length <= 2, edge.output());
    for (const path of ["/", "/tasks?q=1"]) {
      assert.equal(await outcome(edge.url + path), "500 misconfigured");
    }
    await edge.shows(/POST +\/tasks +500 +misconfigured$/m);
    await edge.shows(/POST +\/ +500 +misconfigured$/m);
    assert.match(edge.output(), /^\d\d:\d\d:\d\d +POST +\/ +500 +misconfigured$/m);
    await writeFile(file, vars);
    // a request may meet the end of the old process
    const becomes = (expected: string) =>
      until(async () => (await outcome(`${edge.url}/tasks`).catch(() => "")) === expected);
    await becomes("401 missing_token");
    await edge.shows(/^the settings are valid again$/m);
    await writeFile(file, `${vars}${text} \n`);
    await becomes("500 misconfigured");
  });
}

for (const [mistake, line, place, reason] of [
  ["an array that does not end", 'CORS_ORIGINS = ["http://a.example"', "see line 4", ""],
  ["a text of several lines that does not end", 'USER_CLAIM = """sub', "see line 4", ""],
  [
    "a text that does not end",
    'USER_CLAIM = "sub',
    "see line 4, column",
    "control characters are not allowed in strings",
  ],
  [
    "a value in an array",
    '# rules\nCORS_ORIGINS = [\n  "a",\n  b\n]',
    "see line 5; the error shows in line 7",
    "invalid value",
  ],
  [
    "a name that is there twice",
    'ORIGIN_URL = "http://a"',
    "see line 4, column",
    "trying to redefine an already defined table or value",
  ],
] as const) {
  test(`dev names the line of ${mistake}, and what is wrong`, async () => {
    const own = await mkdtemp(join(project, "syntax-"));
    const vars = `[vars]\nBETTER_AUTH_URL = "${auth.url}"\nORIGIN_URL = "${api.url}"\n`;
    const more = '\n[[vars.ROUTES]]\npath = "/open"\nauth = "public"\n';
    await writeFile(join(own, "wrangler.toml"), `${vars}${line}\n${more}`);
    await using edge = await start([], own, REJECTING);
    // standard error, which may be behind standard output
    await edge.shows(/wrangler\.toml cannot be parsed.*\n/);
    const [text = ""] = /wrangler\.toml cannot be parsed.*/.exec(edge.output()) ?? [];
    assert(text.startsWith(`wrangler.toml cannot be parsed: ${place}`), edge.output());
    assert.match(text, /: [a-z -]+$/);
    assert(text.endsWith(reason), text);
    assert.doesNotMatch(edge.output(), /\.example/);
  });
}

test("dev says once, in words, that Better Auth is down", async () => {
  const closed = await closedUrl();
  await using edge = await start(["--api", api.url, "--auth", closed]);
  await edge.shows(/warn The signing keys are not available: .*/);
  // no line about the request that dev has sent itself
  assert.equal((await fetch(`${edge.url}/tasks`)).status, 401);
  await edge.shows(/GET +\/tasks/);
  assert.doesNotMatch(edge.output(), /well-known|503/);
  assert.equal(edge.output().split("/api/auth/jwks").length, 2, edge.output());
  assert.match(edge.output(), /\/api\/auth\/jwks: .*is BETTER_AUTH_URL its address\?$/m);
  // a cause that is shown is not repeated
  for (const path of ["/one", "/two"]) {
    const headers = { authorization: `Bearer ${tokenOf("ada")}` };
    assert.equal((await fetch(edge.url + path, { headers })).status, 503);
    await edge.shows(new RegExp(`GET +${path} +503 +keys_unavailable`));
  }
  assert.equal(edge.output().split("/api/auth/jwks").length, 2, edge.output());
  // a health check of others is a request
  const health = `${edge.url}/.well-known/better-auth-edge/health`;
  assert.equal((await fetch(health)).status, 503);
  await edge.shows(/GET +\/\.well-known\/better-auth-edge\/health +503 +keys_unavailable/);
});

test("dev says in one sentence that the API is down", async () => {
  const closed = await closedUrl();
  const own = await mkdtemp(join(project, "down-"));
  const rules = '[[vars.ROUTES]]\npath = "/*"\nauth = "public"\n';
  await writeFile(join(own, "wrangler.toml"), rules);
  await using edge = await start(["--api", closed, "--auth", auth.url], own);
  assert.equal((await fetch(`${edge.url}/tasks`)).status, 502);
  await edge.shows(/is ORIGIN_URL its address/);
  assert.match(edge.output(), /^ +GET http:\S+\/tasks: [^.]+; does the origin server run, and/m);
});

test("without settings, dev names the file that is missing and the command that makes it", async () => {
  const own = await mkdtemp(join(project, "empty-"));
  const child = spawn(process.execPath, [PROGRAM, "dev", "--port", "0"], { cwd: own });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const [code] = await once(child, "close");
  assert.equal(code, 1);
  assert.match(errors, /wrangler\.toml does not exist here.*npx better-auth-edge init/);
});

test("dev warns about what only Cloudflare has, and about rules for another claim than the user's", async () => {
  const own = await mkdtemp(join(project, "warned-"));
  const toml = `[[unsafe.bindings]]
name = "RATE_LIMIT_USER"
type = "ratelimit"
[vars]
BETTER_AUTH_URL = "${auth.url}"
ORIGIN_URL = "${api.url}"
CLAIMS = "sub,uuid"
[[vars.ROUTES]]
path = "/{user}/*"
match = { user = "uuid" }
`;
  await writeFile(join(own, "wrangler.toml"), toml);
  await using edge = await start([], own);
  await edge.shows(/RATE_LIMIT_USER is a rate limit of Cloudflare/);
  await edge.shows(/USER_CLAIM is sub, and each match in ROUTES names another claim, such as uuid/);
});

test("dev does not show the query of JWKS_URL, which may contain a secret", async () => {
  const own = await mkdtemp(join(project, "query-"));
  const keys = `${auth.url}/keys?token=hunter2`;
  await writeFile(join(own, ".dev.vars"), `JWKS_URL=${keys}\n`);
  await using edge = await start(["--api", api.url, "--auth", auth.url], own);
  await edge.shows(/query of JWKS_URL/);
  assert.match(edge.output(), /verify .*--jwks-url http:\S+\/keys .*< token\.txt$/m);
  assert.equal((await fetch(`${edge.url}/x`)).status, 401);
  await edge.shows(/missing_token/);
  assert.doesNotMatch(edge.output(), /hunter2/);
});

test("dev ends in order when its output has no reader any more", async () => {
  const TMPDIR = await mkdtemp(join(project, "reader-"));
  const { PATH, HOME } = process.env;
  const args = [PROGRAM, "dev", "--port", "0", "--api", api.url, "--auth", auth.url];
  const child = spawn(process.execPath, args, { cwd: project, env: { PATH, HOME, TMPDIR } });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  // the last line of the start: one that follows would find no reader before the request does
  await until(() => /^ {2}echo .*\.dev\.vars$/m.test(output));
  const [, url] = /^edge +(http\S+)/m.exec(output) ?? [];
  child.stdout.destroy();
  const exited = once(child, "exit");
  assert.equal((await fetch(`${url}/tasks`)).status, 401);
  assert.deepEqual(await exited, [0, null]);
  assert.deepEqual(await readdir(TMPDIR), []);
});

test("dev ends with exit code 1 if the port is in use", async () => {
  assert.match(await refusal(new URL(api.url).port), /another process uses the port/);
});

/** The message of a `dev` that does not start. */
async function refusal(port: string): Promise<string> {
  const child = spawn(
    process.execPath,
    [PROGRAM, "dev", "--api", api.url, "--auth", auth.url, "--port", port],
    { cwd: project },
  );
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const [code] = await once(child, "close");
  assert.equal(code, 1);
  return errors;
}

const hasIPv6 = Object.values(networkInterfaces())
  .flat()
  .some((one) => one?.address === "::1");
const withoutIPv6 = !hasIPv6 && "this machine has no IPv6";

test("dev listens on both addresses of localhost", { skip: withoutIPv6 }, async () => {
  await using edge = await start(["--api", api.url, "--auth", auth.url]);
  const { hostname, port } = new URL(edge.url);
  assert.equal(hostname, "localhost");
  for (const host of ["127.0.0.1", "[::1]"]) {
    assert.equal((await fetch(`http://${host}:${port}/tasks`)).status, 401);
  }
  // another program cannot get the requests to one of them
  const other = createServer().listen(Number(port), "::1");
  const [error] = await once(other, "error");
  assert.equal(error.code, "EADDRINUSE");
});

test("dev refuses a port that is in use in IPv6 only", { skip: withoutIPv6 }, async () => {
  const other = createServer().listen(0, "::1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  try {
    const reason = `cannot listen on [::1]:${port}: another process uses the port`;
    assert((await refusal(`${port}`)).includes(reason));
  } finally {
    other.close();
  }
});

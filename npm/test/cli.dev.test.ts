/** `better-auth-edge dev`: the packed Worker in front of a local API. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { serve, type TestServer, until } from "./servers.ts";
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

/** Starts `dev` and waits for its URL. */
async function start(args: string[], cwd = project) {
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
  await shows(/^edge +http/m);
  return {
    url: /^edge +(http\S+)/m.exec(output)?.[1] ?? "",
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

test("dev ends with exit code 1 if the port is in use", async () => {
  const port = new URL(api.url).port;
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
  assert.match(errors, /another process uses the port/);
});

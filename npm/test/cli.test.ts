/** The CLI and its commands that run without a Worker. */
import assert from "node:assert/strict";
import { createPrivateKey, sign, verify } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fetchToken, type SignedIn, signIn } from "../../examples/fullstack/auth/test/client.ts";
import type { RunningServer } from "../../examples/fullstack/auth/test/server.ts";
import { startAuthServer } from "./better-auth.ts";
import { json, outcome, PROGRAM, run, runOnTerminal } from "./cli.process.ts";
import { closedUrl, serve } from "./servers.ts";

let auth: RunningServer;
let ada: SignedIn;

before(async () => {
  auth = await startAuthServer();
  const credentials = { email: "ada@example.com", password: "analytical engine", name: "Ada" };
  ada = await signIn(auth.url, "/api/auth/sign-up/email", credentials);
});

after(() => auth.stop());

const COMMANDS = ["init", "dev", "serve", "jwks", "verify", "keygen", "doctor", "mcp"];

test("the CLI and every command have a help text with examples", async () => {
  for (const args of [["--help"], ["-h"], ["help"], ...COMMANDS.map((name) => [name, "--help"])]) {
    const { code, stdout, stderr } = await run(args);
    assert.deepEqual([code, stderr], [0, ""], args.join(" "));
    assert.match(stdout, /^Usage: better-auth-edge/m);
    assert.match(stdout, /^Examples\n {2}.*npx better-auth-edge/m);
    assert.match(stdout, /^Exit codes: |^Options/m);
    assert.ok(
      stdout.split("\n").every((line) => line.length <= 100),
      args.join(" "),
    );
  }
  assert.equal((await run(["help", "jwks"])).stdout, (await run(["jwks", "-h"])).stdout);
  assert.match((await run(["--version"])).stdout, /^\d+\.\d+\.\d+\n$/);
});

test("a wrong command line fails with a hint on standard error", async () => {
  for (const [args, hint] of [
    [[], /^Usage:/m],
    [["jwk"], /the command jwk does not exist \(did you mean jwks\?\)/],
    [["constructor"], /the command constructor does not exist/],
    [["jwks"], /the URL of a JWK Set is missing/],
    [["jwks", "app.example.com"], /is not a URL that begins with https:/],
    [
      ["dev", "--api", "localhost:9000"],
      /--api is not a URL .*, such as http:\/\/localhost:3000$/m,
    ],
    // a token, a key and a password are not repeated
    [
      ["dev", "--auth", "eyJhbGci.eyJzdWIi.c2ln"],
      /is not a URL that begins with https:\/\/ or http:\/\/, such as \S+$/m,
    ],
    [
      ["dev", "--auth", "ada:secret@localhost:9000"],
      /is not a URL that begins with https:\/\/ or http:\/\/, such as \S+$/m,
    ],
    [
      ["dev", "--auth", "0123456789abcdef0123456789abcdef"],
      /is not a URL that begins with https:\/\/ or http:\/\/, such as \S+$/m,
    ],
    [["jwks", "ftp://x"], /is not a URL that begins with https:/],
    [["jwks", "https://x", "https://y"], /the command takes one argument/],
    [["jwks", "https://x", "--jsno"], /the option --jsno does not exist \(did you mean --json\?\)/],
    [["jwks", "https://x", "--json=yes"], /--json takes no value/],
    [
      ["verify", "--jwk-url", "https://x"],
      /the option --jwk-url does not exist \(did you mean --jwks-url\?\)/,
    ],
    [["verify", "--jwks-url"], /--jwks-url requires a value/],
    [["verify", "--jwks-url", "--json"], /--jwks-url requires a value/],
    [["verify", "--token", "a"], /--base-url or --jwks-url is missing/],
    [["verify", "--base-url", "https://x"], /standard input is empty/],
    [["verify", "--base-url", "https://x", "--base-url", "https://y"], /--base-url is given twice/],
    [
      ["verify", "--base-url", "https://x", "--clock-tolerance", "soon"],
      /no?t a number of seconds/,
    ],
    [["keygen", "--jsom"], /did you mean --json\?/],
    [["doctor", "https://x", "--path", "api"], /--path does not begin with one \//],
    [["doctor", "https://x", "--sign-out"], /--sign-out requires --base-url/],
    [["doctor", "https://x", "--wait", "20"], /--wait requires --sign-out/],
    [
      ["doctor", "https://x", "--base-url", "https://y", "--sign-out"],
      /reads a session, and standard input is empty/,
    ],
  ] as const) {
    const { code, stdout, stderr } = await run([...args]);
    assert.equal(code, 2, `${args.join(" ")}: ${stderr}`);
    assert.equal(stdout, "");
    assert.match(stderr, hint);
  }
});

test("the verifier's error messages name the options of the command line", async () => {
  const args = ["verify", "--base-url", auth.url, "--token", "a.b.c", "--algorithms", "eddsa"];
  const { code, stderr } = await run([
    ...args,
    "--clock-tolerance",
    "301",
    "--profile",
    "id-token",
  ]);
  assert.equal(code, 2);
  assert.match(stderr, /--algorithms item 1 is not an algorithm, such as EdDSA/);
  assert.match(stderr, /--clock-tolerance is not/);
  assert.match(stderr, /--profile is not session/);
});

test("jwks shows the keys of a Better Auth server, by its base URL or the URL of the keys", async () => {
  for (const url of [auth.url, `${auth.url}/api/auth/jwks`]) {
    const { code, stdout, stderr } = await run(["jwks", url]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /1 {2}\w{32} {2}OKP {2}EdDSA {2}Ed25519 +– {4}usable\n/);
    assert.match(stdout, /1 of 1 key can be used/);
    const { ok, keys } = json(await run(["jwks", url, "--json"]));
    assert.equal(ok, true);
    assert.deepEqual(
      [keys[0].alg, keys[0].bits, keys[0].usable, keys[0].notes],
      ["EdDSA", 256, true, []],
    );
  }
});

test("verify accepts a valid token and shows its header, claims and times in words", async () => {
  const token = await fetchToken(auth.url, ada.sessionToken);
  const jwksUrl = `${auth.url}/api/auth/jwks`;
  for (const [args, input] of [
    [["--base-url", auth.url, "--token", token], ""],
    [["--jwks-url", jwksUrl, "--token", "-"], `${token}\n`],
    [["--jwks-url", jwksUrl], `Authorization: Bearer ${token}`],
  ] as const) {
    const { code, stdout, stderr } = await run(["verify", ...args], input);
    assert.deepEqual([code, stderr], [0, ""], stdout);
    assert.match(stdout, /Header\n {2}alg {2}EdDSA/);
    assert.match(stdout, /exp +\d+ {2}[\d-]{10} [\d:]{8} UTC, in 1[45] min/);
    assert.match(stdout, /email +ada@example\.com/);
    assert.match(
      inOneLine(stdout),
      new RegExp(`accepted: the user is ${ada.user.id}, signed by key`),
    );
    assert.match(inOneLine(stdout), /does not check whether the session has ended/);
    assert.doesNotMatch(stdout, /not verified/);
    assert.ok(!stdout.includes(token.split(".")[2] ?? ""));
  }
  const uuid = ["--base-url", auth.url, "--user-claim", "uuid", "--json"];
  const read = json(await run(["verify", ...uuid], token));
  assert.deepEqual([read.ok, read.verified, read.user], [true, true, ada.user.uuid]);
  assert.equal(read.header.alg, "EdDSA");
  assert.match(read.times.exp, /UTC, in 1[45] min/);
});

test("verify rejects a token with the reason and the cure of docs/errors.md", async () => {
  const token = await fetchToken(auth.url, ada.sessionToken);
  const [header = "", , signature = ""] = token.split(".");
  const forged = [header, Buffer.from('{"sub":"eve"}').toString("base64url"), signature].join(".");
  const base = ["verify", "--base-url", auth.url];
  for (const [args, input, code, cure] of [
    [[...base, "--audience", "https://api.example"], token, "audience_mismatch", /Set `AUDIENCE`/],
    [[...base, "--issuer", "https://a,https://b"], token, "issuer_mismatch", /into `ISSUER`/],
    [[...base, "--algorithms", "RS256"], token, "unsupported_algorithm", /compare `alg`/i],
    [base, forged, "bad_signature", /Get a new token/],
    [base, ada.sessionToken, "opaque_token", /Exchange it/],
    [base, "undefined", "malformed_token", /count its dots/],
    [base, token.slice(0, 100), /./, /cut off|Exchange/],
    [[...base, "--profile", "access-token"], token, "wrong_token_type", /\/api\/auth\/token/],
    [["verify", "--base-url", `${auth.url}/nowhere`], token, "keys_unavailable", /curl -i/],
  ] as const) {
    const { code: exit, stdout, stderr } = await run([...args], input);
    assert.deepEqual([exit, stderr], [1, ""], stdout);
    assert.match(inOneLine(stdout), cure);
    assert.doesNotMatch(stdout, /session has ended:/);
    const read = json(await run([...args, "--json"], input));
    assert.deepEqual([read.ok, read.verified], [false, false]);
    assert.match(read.code, code instanceof RegExp ? code : new RegExp(`^${code}$`));
    assert.ok(stdout.includes(`rejected: ${read.code} (${read.status})`), stdout);
    assert.ok(inOneLine(stdout).includes(inOneLine(read.cure)));
    if (input !== "undefined") assert.ok(!stdout.includes(input), "the output contains the token");
  }
});

test("verify says whether a rejected token's signature is valid", async () => {
  const token = await fetchToken(auth.url, ada.sessionToken);
  const args = ["verify", "--base-url", auth.url, "--audience", "https://api.example"];
  const { stdout } = await run(args, token);
  assert.match(stdout, /Claims {2}the signature is valid, but the token is rejected: see below/);
  assert.match(stdout, /Header {2}the signature is valid/);
  assert.doesNotMatch(stdout, /not verified/);
  const { stdout: forged } = await run(args, `${token.slice(0, -8)}AAAAAAAA`);
  assert.match(forged, /Claims {2}not verified: the contents may be forged/);
  assert.doesNotMatch(forged, /signature is valid/);
  const hostile = Buffer.from('{"sub":"\\u001b[2J","exp":1e300}').toString("base64url");
  const { stdout: escaped } = await run(args, `${token.split(".")[0]}.${hostile}.AAAA`);
  assert.match(escaped, /sub {2}\\u001b\[2J/);
  assert.match(escaped, /not a valid time/);
});

test("every request has the CLI's User-Agent", async () => {
  const agents: (string | undefined)[] = [];
  await using server = await serve(({ headers }) => {
    agents.push(headers["user-agent"]);
    return { status: 404 };
  });
  await run(["jwks", `${server.url}/jwks`]);
  const token = await fetchToken(auth.url, ada.sessionToken);
  await run(["verify", "--base-url", server.url], token);
  await run(["doctor", server.url]);
  assert.ok(agents.length > 2);
  for (const agent of agents) assert.match(agent ?? "none", /^better-auth-edge\/\d+\.\d+\.\d+/);
});

test("without keys, verify says why the fetch failed", async () => {
  const token = await fetchToken(auth.url, ada.sessionToken);
  await using server = await serve(({ path }) => {
    if (path === "/moved") return { status: 307, headers: { location: "https://x.example/" } };
    return path === "/html" ? { body: "<html>" } : { status: 404 };
  });
  const closed = await closedUrl();
  for (const [url, reason] of [
    [`${server.url}/moved`, /the server redirects to https:\/\/x\.example\//],
    [`${server.url}/html`, /with a page in place of JSON/],
    [`${server.url}/gone?token=hunter2`, /the server answered 404/],
    [`${closed}/jwks?token=hunter2`, /no server listens at this address \(ECONNREFUSED\)/],
  ] as const) {
    const expected = ["--issuer", auth.url, "--audience", auth.url];
    const args = ["verify", "--jwks-url", url, ...expected];
    const { code, stdout } = await run(args, token);
    assert.equal(code, 1);
    assert.match(stdout, /keys_unavailable \(503\)/);
    assert.match(inOneLine(stdout), reason);
    const { problem } = json(await run([...args, "--json"], token));
    assert.ok(problem.startsWith(`${url.split("?")[0]}: `));
    assert.doesNotMatch(stdout + problem, /hunter2/);
    assert.match(problem, reason);
  }
});

test("without keys, verify names its own options, and shows no links", async () => {
  const token = await fetchToken(auth.url, ada.sessionToken);
  await using server = await serve(() => ({ status: 404 }));
  for (const [url, options] of [
    [server.url, /\(--base-url\).*\(the path of --base-url\).*\(--jwks-url\)/],
    [`${server.url}/nope`, /\(--base-url\).*\(--jwks-url\)/],
  ] as const) {
    const { stdout } = await run(["verify", "--base-url", url], token);
    assert.match(inOneLine(stdout), options);
    assert.match(inOneLine(stdout), /FastAPI's session store is down/);
    assert.doesNotMatch(stdout, /baseURL|basePath|jwksUrl|\]\(/);
  }
});

test("the output never repeats a misplaced token", async () => {
  const token = await fetchToken(auth.url, ada.sessionToken);
  for (const args of [
    [token],
    ["verify", token],
    ["verify", "--base-url", token],
    ["verify", "--base-url", auth.url, "--clock-tolerance", token],
    ["verify", "--profile", token, "--base-url", auth.url, "--token", token],
    ["verify", `--${token}`],
    ["verify", `--tokn=${token}`],
    ["verify", "--json", token],
    ["jwks", token],
    ["doctor", token],
    ["jwks", `https://user:${token}@app.example.com`],
  ]) {
    const { code, stdout, stderr } = await run(args);
    assert.equal(code, 2, stderr);
    assert.ok(!(stdout + stderr).includes(token.slice(0, 40)), stderr);
  }
});

test("keygen warns if others can read the file that it writes to, and only then", async () => {
  const directory = await mkdtemp(join(tmpdir(), "better-auth-edge-keygen-"));
  for (const [mask, isExposed] of [
    ["022", true],
    ["077", false],
  ] as const) {
    const command = `umask ${mask} && exec "$@" > ${mask}.json`;
    const args = ["-c", command, "sh", process.execPath, PROGRAM, "keygen"];
    const { code, stderr } = await outcome("sh", args, "", {}, directory);
    assert.equal(code, 0);
    assert.equal(/other users can read the file/.test(stderr), isExposed, stderr);
    const { kty } = JSON.parse(await readFile(join(directory, `${mask}.json`), "utf8"));
    assert.equal(kty, "OKP");
  }
  await rm(directory, { recursive: true });
});

test("keygen prints a new key for the Worker, on standard output only", async () => {
  const [one, other] = await Promise.all([run(["keygen"]), run(["keygen"])]);
  assert.equal(one.code, 0);
  assert.equal(one.stdout.split("\n").length, 2);
  const key = json(one);
  assert.notEqual(key.d, json(other).d);
  assert.deepEqual([key.kty, key.crv, key.alg, key.use], ["OKP", "Ed25519", "EdDSA", "sig"]);
  assert.ok(!one.stderr.includes(key.d));
  // a pipe gets no instructions: the caller knows where the key goes
  assert.match(one.stderr, /^a new private key for EDGE_SIGNING_KEY, kid \S+\n$/);
  assert.match((await runOnTerminal(["keygen"])).stdout, /wrangler secret put EDGE_SIGNING_KEY/);

  const all = await run(["keygen", "--json"]);
  assert.equal(all.stderr, "");
  const { kid, privateJwk, publicJwk } = json(all);
  assert.equal(privateJwk.kid, kid);
  assert.deepEqual({ ...publicJwk, d: privateJwk.d }, privateJwk);
  const signature = sign(
    null,
    Buffer.from("x"),
    createPrivateKey({ key: privateJwk, format: "jwk" }),
  );
  assert.ok(verify(null, Buffer.from("x"), { key: publicJwk, format: "jwk" }, signature));
  await using server = await serve(() => ({ body: { keys: [publicJwk] } }));
  const [entry] = json(await run(["jwks", server.url, "--json"])).keys;
  assert.deepEqual([entry.thumbprint, entry.usable, entry.notes], [kid, true, []]);
});

test("the output has colors only on a terminal, and not with NO_COLOR", async () => {
  const color = "\u001b[";
  const args = ["jwks", auth.url];
  assert.ok((await runOnTerminal(args)).stdout.includes(color));
  assert.ok(!(await runOnTerminal(args, { NO_COLOR: "1" })).stdout.includes(color));
  assert.ok(!(await runOnTerminal(args, { TERM: "dumb" })).stdout.includes(color));
  assert.ok(!(await run(args)).stdout.includes(color));
});

test("a terminal shows progress after a second, and a pipe does not", async () => {
  const slow = () =>
    serve(async () => {
      await new Promise((resolve) => setTimeout(resolve, 2500));
      return { body: { keys: [] } };
    });
  await using server = await slow();
  const [terminal, piped] = await Promise.all([
    runOnTerminal(["jwks", server.url]),
    run(["jwks", server.url]),
  ]);
  assert.match(terminal.stdout, /fetching keys from 127\.0\.0\.1:\d+ … 1 s/);
  assert.equal(piped.stderr, "");
});

test("a server that does not respond times out", async () => {
  const silent = createServer().listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as { port: number };
  const { code, stdout } = await run(["jwks", `http://127.0.0.1:${port}`]);
  silent.close();
  assert.equal(code, 1);
  assert.match(stdout, /did not respond within 5 s/);
});

function inOneLine(text: string): string {
  return text.replace(/\s+/g, " ");
}

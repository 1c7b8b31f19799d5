/** The program itself, and the commands that need no Worker. */
import assert from "node:assert/strict";
import { createPrivateKey, sign, verify } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fetchToken, type SignedIn, signIn } from "../../examples/fullstack/auth/test/client.ts";
import { type RunningServer, startServer } from "../../examples/fullstack/auth/test/server.ts";
import { json, run, runOnTerminal } from "./cli.process.ts";
import { serve } from "./servers.ts";

const directory = mkdtempSync(join(tmpdir(), "better-auth-edge-cli-"));
let auth: RunningServer;
let ada: SignedIn;

before(async () => {
  auth = await startServer({
    BETTER_AUTH_SECRET: "a secret for tests, long enough to pass",
    DATABASE_URL: `file:${join(directory, "auth.db")}`,
  });
  const credentials = { email: "ada@example.com", password: "analytical engine", name: "Ada" };
  ada = await signIn(auth.url, "/api/auth/sign-up/email", credentials);
});

after(async () => {
  await auth.stop();
  rmSync(directory, { recursive: true });
});

const COMMANDS = ["jwks", "verify", "keygen", "doctor"];

test("the program and every command explain themselves, with examples", async () => {
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

test("what is not understood is refused with a hint, on standard error", async () => {
  for (const [args, hint] of [
    [[], /^Usage:/m],
    [["jwk"], /there is no command jwk; is it jwks\?/],
    [["constructor"], /there is no command constructor/],
    [["jwks"], /the URL of a JWK Set is missing/],
    [["jwks", "app.example.com"], /is not a URL that begins with https:/],
    [["jwks", "ftp://x"], /is not a URL that begins with https:/],
    [["jwks", "https://x", "https://y"], /it takes one argument/],
    [["jwks", "https://x", "--jsno"], /there is no option --jsno; is it --json\?/],
    [["jwks", "https://x", "--json=yes"], /--json takes no value/],
    [["verify", "--jwk-url", "https://x"], /there is no option --jwk-url; is it --jwks-url\?/],
    [["verify", "--jwks-url"], /--jwks-url needs a value/],
    [["verify", "--jwks-url", "--json"], /--jwks-url needs a value/],
    [["verify", "--token", "a"], /--base-url or --jwks-url is missing/],
    [["verify", "--base-url", "https://x"], /standard input is empty/],
    [["verify", "--base-url", "https://x", "--base-url", "https://y"], /--base-url is given twice/],
    [
      ["verify", "--base-url", "https://x", "--clock-tolerance", "soon"],
      /no?t a number of seconds/,
    ],
    [["keygen", "--jsom"], /is it --json\?/],
    [["doctor", "https://x", "--path", "api"], /--path does not begin with one \//],
  ] as const) {
    const { code, stdout, stderr } = await run([...args]);
    assert.equal(code, 2, `${args.join(" ")}: ${stderr}`);
    assert.equal(stdout, "");
    assert.match(stderr, hint);
  }
});

test("options that the verifier cannot take are named as they are called here", async () => {
  const args = ["verify", "--base-url", auth.url, "--token", "a.b.c", "--algorithms", "eddsa"];
  const { code, stderr } = await run([
    ...args,
    "--clock-tolerance",
    "301",
    "--profile",
    "id-token",
  ]);
  assert.equal(code, 2);
  assert.match(stderr, /--algorithms names eddsa/);
  assert.match(stderr, /--clock-tolerance is not/);
  assert.match(stderr, /--profile is none of/);
});

test("the keys of a real Better Auth are shown, found by its base URL or their own", async () => {
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

test("a good token is shown with its header, its claims and times in words, and accepted", async () => {
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
    assert.doesNotMatch(stdout, /not verified/);
    assert.ok(!stdout.includes(token.split(".")[2] ?? ""));
  }
  const uuid = ["--base-url", auth.url, "--user-claim", "uuid", "--json"];
  const read = json(await run(["verify", ...uuid], token));
  assert.deepEqual([read.ok, read.verified, read.user], [true, true, ada.user.uuid]);
  assert.equal(read.header.alg, "EdDSA");
  assert.match(read.times.exp, /UTC, in 1[45] min/);
});

test("a refused token is shown with the reason, and what docs/errors.md says to do", async () => {
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
    const read = json(await run([...args, "--json"], input));
    assert.deepEqual([read.ok, read.verified], [false, false]);
    assert.match(read.code, code instanceof RegExp ? code : new RegExp(`^${code}$`));
    assert.ok(stdout.includes(`refused: ${read.code} (${read.status})`), stdout);
    assert.ok(inOneLine(stdout).includes(inOneLine(read.cure)));
    if (input !== "undefined") assert.ok(!stdout.includes(input), "the token is shown");
  }
});

test("of a token that is refused it is said whether its signature is good", async () => {
  const token = await fetchToken(auth.url, ada.sessionToken);
  const args = ["verify", "--base-url", auth.url, "--audience", "https://api.example"];
  const { stdout } = await run(args, token);
  assert.match(stdout, /Claims {2}the signature is good, and the token is refused: see below/);
  assert.match(stdout, /Header {2}the signature is good/);
  assert.doesNotMatch(stdout, /not verified/);
  const { stdout: forged } = await run(args, `${token.slice(0, -8)}AAAAAAAA`);
  assert.match(forged, /Claims {2}not verified: anyone could have written it/);
  assert.doesNotMatch(forged, /signature is good/);
  const steering = Buffer.from('{"sub":"\\u001b[2J","exp":1e300}').toString("base64url");
  const { stdout: steered } = await run(args, `${token.split(".")[0]}.${steering}.AAAA`);
  assert.match(steered, /sub {2}\\u001b\[2J/);
  assert.match(steered, /no moment that there is/);
});

test("every request says who sends it", async () => {
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

test("where the keys cannot be had, the decision says what came of asking", async () => {
  const token = await fetchToken(auth.url, ada.sessionToken);
  await using server = await serve(({ path }) => {
    if (path === "/moved") return { status: 307, headers: { location: "https://x.example/" } };
    return path === "/html" ? { body: "<html>" } : { status: 404 };
  });
  const closed = await serve(() => ({}));
  await closed[Symbol.asyncDispose]();
  for (const [url, reason] of [
    [`${server.url}/moved`, /it answered with a redirect to https:\/\/x\.example\//],
    [`${server.url}/html`, /with a page in place of JSON/],
    [`${server.url}/gone`, /the server answered 404/],
    [`${closed.url}/jwks`, /nothing listens there \(ECONNREFUSED\)/],
  ] as const) {
    const expected = ["--issuer", auth.url, "--audience", auth.url];
    const args = ["verify", "--jwks-url", url, ...expected];
    const { code, stdout } = await run(args, token);
    assert.equal(code, 1);
    assert.match(stdout, /keys_unavailable \(503\)/);
    assert.match(inOneLine(stdout), reason);
    const { problem } = json(await run([...args, "--json"], token));
    assert.ok(problem.startsWith(`${url}: `));
    assert.match(problem, reason);
  }
});

test("a token in the wrong place is not repeated", async () => {
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

test("a key is made that the Worker takes, on standard output alone, and never twice", async () => {
  const [one, other] = await Promise.all([run(["keygen"]), run(["keygen"])]);
  assert.equal(one.code, 0);
  assert.equal(one.stdout.split("\n").length, 2);
  const key = json(one);
  assert.notEqual(key.d, json(other).d);
  assert.deepEqual([key.kty, key.crv, key.alg, key.use], ["OKP", "Ed25519", "EdDSA", "sig"]);
  assert.ok(!one.stderr.includes(key.d));
  assert.match(one.stderr, /wrangler secret put EDGE_SIGNING_KEY/);

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

test("there are colours on a terminal, unless NO_COLOR says otherwise, and nowhere else", async () => {
  const colour = "\u001b[";
  const args = ["jwks", auth.url];
  assert.ok((await runOnTerminal(args)).stdout.includes(colour));
  assert.ok(!(await runOnTerminal(args, { NO_COLOR: "1" })).stdout.includes(colour));
  assert.ok(!(await runOnTerminal(args, { TERM: "dumb" })).stdout.includes(colour));
  assert.ok(!(await run(args)).stdout.includes(colour));
});

test("who waits on a terminal for longer than a second is told for what", async () => {
  const slow = () =>
    serve(async () => {
      await new Promise((resolve) => setTimeout(resolve, 2500));
      return { body: { keys: [] } };
    });
  await using server = await slow();
  const [seen, piped] = await Promise.all([
    runOnTerminal(["jwks", server.url]),
    run(["jwks", server.url]),
  ]);
  assert.match(seen.stdout, /asking 127\.0\.0\.1:\d+ for its keys … 1 s/);
  assert.equal(piped.stderr, "");
});

test("a server that accepts and says nothing is given up", async () => {
  const silent = createServer().listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as { port: number };
  const { code, stdout } = await run(["jwks", `http://127.0.0.1:${port}`]);
  silent.close();
  assert.equal(code, 1);
  assert.match(stdout, /did not answer within 5 s/);
});

function inOneLine(text: string): string {
  return text.replace(/\s+/g, " ");
}

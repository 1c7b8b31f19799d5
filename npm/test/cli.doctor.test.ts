/** `doctor` against the real Worker in workerd, deployed well and badly, and a real Better Auth. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fetchToken, signIn } from "../../examples/fullstack/auth/test/client.ts";
import { type RunningServer, startServer } from "../../examples/fullstack/auth/test/server.ts";
import { json, run } from "./cli.process.ts";
import { startWorker } from "./cli.worker.ts";
import { type ReceivedRequest, serve, type TestResponse, type TestServer } from "./servers.ts";

const directory = mkdtempSync(join(tmpdir(), "better-auth-edge-doctor-"));
const PAGE = "https://app.example.com";
let auth: RunningServer;
let origin: TestServer;

before(async () => {
  auth = await startServer({
    BETTER_AUTH_SECRET: "a secret for tests, long enough to pass",
    DATABASE_URL: `file:${join(directory, "auth.db")}`,
  });
  const credentials = { email: "ada@example.com", password: "analytical engine", name: "Ada" };
  // Better Auth makes its key when it first signs
  const ada = await signIn(auth.url, "/api/auth/sign-up/email", credentials);
  await fetchToken(auth.url, ada.sessionToken);
  origin = await serve(() => ({ body: { hello: "from the origin" } }));
});

after(async () => {
  await origin[Symbol.asyncDispose]();
  await auth.stop();
  rmSync(directory, { recursive: true });
});

const ROUTES = [
  { path: "/api/{user_id}/*", match: { user_id: "sub" } },
  { path: "/health", auth: "public" },
];

interface Finding {
  check: string;
  level: string;
  text: string;
  cure?: string;
}

/** What the doctor says of a Worker with these settings, in both forms. */
async function examined(settings: Record<string, unknown>, ...args: string[]) {
  await using worker = await startWorker({
    BETTER_AUTH_URL: auth.url,
    ORIGIN_URL: origin.url,
    ...settings,
  });
  // awaited, so that the Worker outlives it
  return await examine(worker.url, ...args);
}

async function examine(url: string, ...args: string[]) {
  const read = await run(["doctor", url, ...args, "--json"]);
  const shown = await run(["doctor", url, ...args]);
  assert.deepEqual([read.stderr, shown.stderr, shown.code], ["", "", read.code]);
  const { ok, findings } = json(read) as { ok: boolean; findings: Finding[] };
  assert.equal(read.code, ok ? 0 : 1);
  for (const { level, text, cure } of findings) {
    if (level === "failure") assert.ok(cure, `no cure for: ${text}`);
  }
  const of = (check: string) =>
    findings.filter((finding) => finding.check === check && finding.level !== "ok");
  return { ok, findings, of, stdout: shown.stdout.replace(/\s+/g, " ") };
}

async function newKey(): Promise<string> {
  return (await run(["keygen"])).stdout;
}

test("a good deployment has nothing to be said against it, and a made key is taken", async () => {
  const key = await newKey();
  const settings = { EDGE_SIGNING_KEY: key, CORS_ORIGINS: PAGE, ROUTES };
  const { ok, findings, stdout } = await examined(
    settings,
    "--base-url",
    auth.url,
    "--origin",
    PAGE,
  );
  assert.equal(ok, true);
  assert.deepEqual([...new Set(findings.map(({ level }) => level))].sort(), ["ok", "skipped"]);
  const checks = ["settings", "keys", "clock", "refusal", "cors", "assertion"];
  assert.deepEqual([...new Set(findings.map(({ check }) => check))], checks);
  assert.match(stdout, /2 rules, 1 of which isolates users/);
  assert.match(stdout, /1 key to verify with/);
  assert.match(stdout, /publishes 1 usable key/);
  assert.match(stdout, /the auth server and this machine agree/);
  assert.match(stdout, /a forged identity header is refused: 401 missing_token/);
  assert.match(stdout, /a token without a signature is refused: 401 malformed_token/);
  assert.match(stdout, /a token signed by an unknown key is refused: 401 unknown_key/);
  assert.match(stdout, /pages of https:\/\/app\.example\.com may call with a token/);
  assert.ok(stdout.includes(`assertions are signed by ${JSON.parse(key).kid}`));
  assert.match(stdout, /no failures, no warnings/);
  assert.equal(origin.requests.length, 0);
});

test("settings that cannot be read are found, and nothing else is looked at", async () => {
  const { ok, of, stdout } = await examined({
    ORIGIN_URL: "api.example.com",
    EDGE_SIGNING_KEY: "x",
  });
  assert.equal(ok, false);
  assert.deepEqual(
    of("settings").map(({ level }) => level),
    ["failure"],
  );
  assert.match(stdout, /wrangler tail/);
  assert.deepEqual(
    of("refusal").map(({ level }) => level),
    ["skipped"],
  );
});

test("a deployment whose rules isolate nobody, because their name is misspelt or lost, is found", async () => {
  const lost = await examined({});
  assert.equal(lost.ok, true);
  const [finding] = lost.of("settings");
  assert.deepEqual(
    [finding?.level, finding?.text],
    ["warning", "0 rules, 0 of which isolate users"],
  );
  assert.match(finding?.cure ?? "", /do not inherit \[vars\]/);
  const misspelt = await examined({ ROUTE: ROUTES });
  assert.match(
    misspelt.of("settings")[0]?.text ?? "",
    /a setting is missing, misspelt or cannot be used/,
  );
});

test("an edge without keys is found, with what may be wrong", async () => {
  const { ok, of } = await examined({ JWKS_URL: `${auth.url}/nowhere` }, "--base-url", auth.url);
  assert.equal(ok, false);
  const [keys, published] = of("keys");
  assert.equal(keys?.level, "failure");
  assert.match(keys?.cure ?? "", /JWKS_URL/);
  assert.deepEqual([published?.level, published?.check], ["warning", "keys"]);
  assert.match(published?.text ?? "", /publishes 1 usable key, and the edge has 0/);
  const [refusal] = of("refusal");
  assert.match(refusal?.text ?? "", /cannot be judged: 503 keys_unavailable/);
});

test("one issuer of several without keys is found", async () => {
  const ISSUERS = [{ base_url: "http://127.0.0.1:9" }];
  const { ok, of } = await examined({ ISSUERS });
  assert.equal(ok, false);
  assert.match(of("keys")[0]?.text ?? "", /keys for 1 of 2 issuers only/);
});

test("an auth server that is down is found although the edge lives on", async () => {
  const closed = await serve(() => ({}));
  await closed[Symbol.asyncDispose]();
  const { ok, of } = await examined({}, "--jwks-url", `${closed.url}/api/auth/jwks`);
  assert.equal(ok, false);
  assert.match(of("keys")[0]?.text ?? "", /nothing listens there/);
});

test("a path that a rule has opened too far is found", async () => {
  const { ok, of } = await examined({ ROUTES: [{ path: "/*", auth: "public" }] });
  assert.equal(ok, true);
  const [refusal] = of("refusal");
  assert.equal(refusal?.level, "warning");
  assert.match(refusal?.text ?? "", /answered without a token \(200\)/);
});

test("the path that is asked for is the caller's to name", async () => {
  const ROUTES = [{ path: "/api/*" }, { path: "/*", auth: "public" }];
  const { findings } = await examined({ ROUTES }, "--path", "/api/me");
  const levels = findings.filter(({ check }) => check === "refusal").map(({ level }) => level);
  assert.deepEqual(levels, ["ok", "ok", "ok", "ok", "ok"]);
});

test("CORS that lets everybody in, or the own pages not, is found", async () => {
  const open = await examined({ CORS_ORIGINS: "*" });
  assert.match(open.of("cors")[0]?.text ?? "", /pages of every origin may call, if/);
  assert.equal(open.of("cors")[0]?.level, "warning");

  const closed = await examined({}, "--origin", PAGE);
  assert.equal(closed.of("cors")[0]?.level, "failure");
  assert.match(closed.of("cors")[0]?.cure ?? "", /CORS_ORIGINS = "https:\/\/app\.example\.com"/);

  const headers = { CORS_ORIGINS: PAGE, CORS_HEADERS: "content-type" };
  const without = await examined(headers, "--origin", PAGE);
  assert.match(without.of("cors")[0]?.text ?? "", /not send Authorization/);
});

test("an origin that answers preflights for everybody, with cookies, is found", async () => {
  await using lax = await serve(({ headers }) => ({
    headers: {
      "access-control-allow-origin": headers.origin ?? "",
      "access-control-allow-credentials": "true",
    },
  }));
  const settings = { ORIGIN_URL: lax.url, CORS_PREFLIGHT_TO_ORIGIN: "true" };
  const { ok, of } = await examined(settings);
  assert.equal(ok, false);
  assert.match(of("cors")[0]?.text ?? "", /with the user's cookies/);
});

test("an edge that signs nothing is warned of; one that signs by a printed key fails", async () => {
  const { ok, of } = await examined({});
  assert.equal(ok, true);
  assert.equal(of("assertion")[0]?.level, "warning");
  assert.match(of("assertion")[0]?.cure ?? "", /keygen/);

  const printed =
    '{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}';
  const known = await examined({ EDGE_SIGNING_KEY: printed });
  assert.equal(known.ok, false);
  assert.match(known.of("assertion")[0]?.text ?? "", /private half is printed/);
});

test("the Worker calls a key without a name as keygen does", async () => {
  const { kid, ...nameless } = JSON.parse(await newKey());
  const { stdout } = await examined({ EDGE_SIGNING_KEY: JSON.stringify(nameless) });
  assert.ok(stdout.includes(`assertions are signed by ${kid}`), stdout);
});

test("the next key is seen beside the present one", async () => {
  const settings = { EDGE_SIGNING_KEY: await newKey(), EDGE_SIGNING_KEY_NEXT: await newKey() };
  const { ok, stdout } = await examined(settings);
  assert.equal(ok, true);
  assert.match(stdout, /the next is published already/);
});

test("what is no edge is not taken for one", async () => {
  await using sso = await serve(() => ({
    status: 302,
    headers: { location: "https://sso.example/" },
  }));
  await using page = await serve(() => ({ headers: { "content-type": "text/html" }, body: "<p>" }));
  const closed = await serve(() => ({}));
  await closed[Symbol.asyncDispose]();
  for (const [url, reason] of [
    [auth.url, /no better-auth-edge answers there: .* 404/],
    [page.url, /no better-auth-edge answers there: .* 200, text\/html/],
    [sso.url, /a redirect to https:\/\/sso\.example\//],
    [closed.url, /does not answer: nothing listens there/],
  ] as const) {
    const { ok, of } = await examine(url);
    assert.equal(ok, false);
    assert.match(of("settings")[0]?.text ?? "", reason);
  }
});

test("clocks that differ, and a cache in front of the edge, are found", async () => {
  const cases: [() => Record<string, string>, string, string, RegExp][] = [
    [() => ({ date: at(0) }), "clock", "ok", /agree/],
    [() => ({ date: at(-30) }), "clock", "warning", /\d\d s behind/],
    [() => ({ date: at(3600) }), "clock", "failure", /(59 min|1 h).* ahead/],
    [() => ({ date: "soon" }), "clock", "skipped", /no Date/],
    [() => ({ age: "7" }), "settings", "failure", /a cache answers/],
    [() => ({ "cf-cache-status": "HIT" }), "settings", "failure", /a cache answers/],
  ];
  await using worker = await startWorker({
    BETTER_AUTH_URL: auth.url,
    ORIGIN_URL: origin.url,
    ROUTES,
  });
  for (const [headers, check, level, text] of cases) {
    await using proxy = await serve((request) => pass(worker.url, request, headers()));
    const { findings } = await examine(proxy.url);
    const found = findings.filter((finding) => finding.check === check).at(-1);
    assert.equal(found?.level, level, `${headers}: ${found?.text}`);
    assert.match(found?.text ?? "", text);
  }
});

test("something in front that believes forged headers is found", async () => {
  await using worker = await startWorker({
    BETTER_AUTH_URL: auth.url,
    ORIGIN_URL: origin.url,
    ROUTES,
  });
  await using proxy = await serve((request) => {
    if ("x-edge-user" in request.headers)
      return { body: { hello: request.headers["x-edge-user"] } };
    return pass(worker.url, request, {});
  });
  const { ok, of } = await examine(proxy.url);
  assert.equal(ok, false);
  assert.match(of("refusal")[0]?.text ?? "", /a forged identity header is let through: 200/);
});

test("an address that is refused too often is refused all the same", async () => {
  await using worker = await startWorker({
    BETTER_AUTH_URL: auth.url,
    ORIGIN_URL: origin.url,
    ROUTES,
  });
  await using proxy = await serve(async (request) => {
    if (!request.headers.authorization) return pass(worker.url, request, {});
    const headers = { "content-type": "application/problem+json", "retry-after": "60" };
    return { status: 429, headers, body: '{"code":"rate_limited"}' };
  });
  const { of, stdout } = await examine(proxy.url);
  assert.deepEqual(of("refusal"), []);
  assert.match(stdout, /a token without a signature is refused: 429 rate_limited/);
});

test("keys that have not been asked for in a long time are warned of", async () => {
  await using worker = await startWorker({
    BETTER_AUTH_URL: auth.url,
    ORIGIN_URL: origin.url,
    ROUTES,
  });
  await using proxy = await serve(async (request) => {
    const reply = await pass(worker.url, request, {});
    const body = String(reply.body).replace(/"keys_age":\d+/, '"keys_age":7201');
    return { ...reply, body };
  });
  const { ok, of } = await examine(proxy.url);
  assert.equal(ok, true);
  assert.match(of("keys")[0]?.text ?? "", /asked for 2 h ago: nobody has needed them/);
});

/** Passes a request on, and sets headers of the answer. */
async function pass(
  url: string,
  request: ReceivedRequest,
  set: Record<string, string>,
): Promise<TestResponse> {
  const { host, connection, ...headers } = request.headers;
  const { method, path } = request;
  const answer = await fetch(url + path, { method, headers: headers as Record<string, string> });
  const { "content-encoding": _, ...own } = Object.fromEntries(answer.headers);
  delete own["content-length"];
  return { status: answer.status, headers: { ...own, ...set }, body: await answer.text() };
}

/** A `Date` of so many seconds from now. */
function at(seconds: number): string {
  return new Date(Date.now() + seconds * 1000).toUTCString();
}

test("it asks as a script, which no edge sends to a sign-in page, and names what it fetched", async () => {
  await using next = await serve(({ path, headers }) => {
    const health = { status: "ok", keys: 1, keys_age: 0, rules: 1, isolating_rules: 1 };
    if (path.endsWith("/health")) return { body: health };
    const isPage = headers["sec-fetch-dest"] !== "empty";
    return isPage ? { status: 307, headers: { location: "/sign-in" } } : { status: 401 };
  });
  const { of } = await examine(next.url, "--base-url", `${next.url}/auth`);
  assert.ok(next.requests.some(({ path }) => path === "/better-auth-edge-doctor"));
  assert.doesNotMatch(JSON.stringify(of("refusal")), /307|sign-in/);
  assert.match(JSON.stringify(of("keys")), new RegExp(`${next.url}/auth/jwks: `));
  const bare = await examine(next.url, "--base-url", `${next.url}/auth/`);
  assert.match(JSON.stringify(bare.of("keys")), new RegExp(`${next.url}/auth/jwks: `));
});

/** `doctor` against Workers with good and bad settings, and the example's Better Auth server. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fetchToken, signIn } from "../../examples/fullstack/auth/test/client.ts";
import type { RunningServer } from "../../examples/fullstack/auth/test/server.ts";
import { adviceFor } from "../src/cli/doctor/advice.ts";
import { startAuthServer } from "./better-auth.ts";
import { json, run } from "./cli.process.ts";
import { startWorker } from "./cli.worker.ts";
import {
  closedUrl,
  type ReceivedRequest,
  serve,
  type TestResponse,
  type TestServer,
} from "./servers.ts";

const APP = "https://app.example.com";
let auth: RunningServer;
let upstream: TestServer;

before(async () => {
  auth = await startAuthServer();
  const credentials = { email: "ada@example.com", password: "analytical engine", name: "Ada" };
  // Better Auth makes its key when it first signs a token
  const ada = await signIn(auth.url, "/api/auth/sign-up/email", credentials);
  await fetchToken(auth.url, ada.sessionToken);
  upstream = await serve(() => ({ body: { hello: "from the upstream" } }));
});

after(async () => {
  await upstream[Symbol.asyncDispose]();
  await auth.stop();
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

/** Runs the doctor against a Worker with these settings. */
async function examineWorker(settings: Record<string, unknown>, ...args: string[]) {
  await using worker = await startWorkerWith(settings);
  // awaited, because `await using` stops the Worker on return
  return await examine(worker.url, ...args);
}

/** Starts a Worker between the auth server and the upstream. */
function startWorkerWith(settings: Record<string, unknown>) {
  return startWorker({ BETTER_AUTH_URL: auth.url, ORIGIN_URL: upstream.url, ...settings });
}

/** Runs the doctor against a URL, with and without `--json`. */
async function examine(url: string, ...args: string[]) {
  const read = await run(["doctor", url, ...args, "--json"]);
  const shown = await run(["doctor", url, ...args]);
  assert.deepEqual([read.stderr, shown.stderr, shown.code], ["", "", read.code]);
  const { ok, findings } = json(read) as { ok: boolean; findings: Finding[] };
  assert.equal(read.code, ok ? 0 : 1);
  for (const { level, text, cure } of findings) {
    if (level === "failure") assert.ok(cure, `no cure: ${text}`);
  }
  const of = (check: string) =>
    findings.filter((finding) => finding.check === check && finding.level !== "ok");
  return { ok, findings, of, stdout: shown.stdout.replace(/\s+/g, " ") };
}

async function newKey(): Promise<string> {
  return (await run(["keygen"])).stdout;
}

test("a correct deployment has no warnings, and the Worker accepts a key of keygen", async () => {
  const key = await newKey();
  const settings = { EDGE_SIGNING_KEY: key, CORS_ORIGINS: APP, ROUTES };
  const { ok, findings, stdout } = await examineWorker(
    settings,
    "--base-url",
    auth.url,
    "--origin",
    APP,
  );
  assert.equal(ok, true);
  assert.deepEqual([...new Set(findings.map(({ level }) => level))].sort(), ["ok", "skipped"]);
  const checks = ["settings", "keys", "clock", "refusal", "revocation", "cors", "assertion"];
  assert.deepEqual([...new Set(findings.map(({ check }) => check))], checks);
  assert.match(stdout, /2 rules, 1 of which isolates users/);
  assert.match(stdout, /1 key to verify with/);
  assert.match(stdout, /publishes 1 usable key/);
  assert.match(stdout, /the clocks of the auth server and this machine agree/);
  assert.match(stdout, /the edge rejects a forged identity header: 401 missing_token/);
  assert.match(stdout, /the edge rejects a token without a signature: 401 malformed_token/);
  assert.match(stdout, /the edge rejects a token signed by an unknown key: 401 unknown_key/);
  assert.match(stdout, /pages of https:\/\/app\.example\.com may call the API with a token/);
  assert.ok(stdout.includes(`key ${JSON.parse(key).kid} signs the assertions`));
  assert.match(stdout, /no failures, no warnings/);
  assert.equal(upstream.requests.length, 0);
});

test("invalid settings are a failure, and the other checks are skipped", async () => {
  const { ok, of, stdout } = await examineWorker({
    ORIGIN_URL: "api.example.com",
    EDGE_SIGNING_KEY: "x",
  });
  assert.equal(ok, false);
  assert.deepEqual(
    of("settings").map(({ level }) => level),
    ["failure"],
  );
  assert.match(stdout, /in the terminal that runs the edge/);
  assert.deepEqual(
    of("refusal").map(({ level }) => level),
    ["skipped"],
  );
});

test("only the advice for a deployment names the commands for deployments", () => {
  const local = ["http://localhost:8787", "http://127.0.0.1:8787", "http://[::1]:8787"];
  for (const origin of local) {
    const texts = Object.values(adviceFor(origin)).join("\n");
    assert.doesNotMatch(texts, /wrangler (tail|secret|deploy)/, origin);
    assert.match(texts, /npx better-auth-edge dev or serve/);
    assert.match(texts, /\.dev\.vars/);
  }
  for (const origin of ["https://edge.example.com", "http://localhost.example.com"]) {
    const { misconfigured, crashed, signingKey, unreachable } = adviceFor(origin);
    assert.match(misconfigured, /wrangler tail and send one request: the `cause`/);
    assert.match(crashed, /wrangler tail/);
    assert.match(signingKey, /keygen \| npx wrangler secret put EDGE_SIGNING_KEY$/);
    assert.match(unreachable, /wrangler deployments list/);
  }
});

test("rules that are missing or misspelled, so that no user is isolated, are a warning", async () => {
  const lost = await examineWorker({});
  assert.equal(lost.ok, true);
  const [finding] = lost.of("settings");
  assert.deepEqual(
    [finding?.level, finding?.text],
    ["warning", "0 rules, 0 of which isolate users"],
  );
  assert.match(finding?.cure ?? "", /do not inherit \[vars\]/);
  const misspelled = await examineWorker({ ROUTE: ROUTES });
  assert.match(
    misspelled.of("settings")[0]?.text ?? "",
    /a setting is missing, misspelled or invalid/,
  );
});

test("an edge without keys is a failure with a cure", async () => {
  const { ok, of } = await examineWorker(
    { JWKS_URL: `${auth.url}/nowhere` },
    "--base-url",
    auth.url,
  );
  assert.equal(ok, false);
  const [keys, published] = of("keys");
  assert.equal(keys?.level, "failure");
  assert.match(keys?.cure ?? "", /JWKS_URL/);
  assert.deepEqual([published?.level, published?.check], ["warning", "keys"]);
  assert.match(published?.text ?? "", /publishes 1 usable key, and the edge has 0/);
  const [rejection] = of("refusal");
  assert.match(rejection?.text ?? "", /the edge cannot verify .*: 503 keys_unavailable/);
});

test("one of several issuers without keys is a failure", async () => {
  const ISSUERS = [{ base_url: "http://127.0.0.1:9" }];
  const { ok, of } = await examineWorker({ ISSUERS });
  assert.equal(ok, false);
  assert.match(of("keys")[0]?.text ?? "", /keys for only 1 of 2 issuers/);
});

test("an auth server that is down is a failure, although the edge has its keys", async () => {
  const { ok, of } = await examineWorker({}, "--jwks-url", `${await closedUrl()}/api/auth/jwks`);
  assert.equal(ok, false);
  assert.match(of("keys")[0]?.text ?? "", /no server listens at this address/);
});

test("a path that a rule makes public is a warning", async () => {
  const { ok, of } = await examineWorker({ ROUTES: [{ path: "/*", auth: "public" }] });
  assert.equal(ok, true);
  const [rejection] = of("refusal");
  assert.equal(rejection?.level, "warning");
  assert.match(rejection?.text ?? "", /requires no token: 200/);
});

test("--path names the path to request", async () => {
  const ROUTES = [{ path: "/api/*" }, { path: "/*", auth: "public" }];
  const { findings } = await examineWorker({ ROUTES }, "--path", "/api/me");
  const levels = findings.filter(({ check }) => check === "refusal").map(({ level }) => level);
  assert.deepEqual(levels, ["ok", "ok", "ok", "ok", "ok"]);
});

test("CORS for every origin is a warning, and CORS without the given origin is a failure", async () => {
  const open = await examineWorker({ CORS_ORIGINS: "*" });
  assert.match(open.of("cors")[0]?.text ?? "", /pages of every origin may call the API, if/);
  assert.equal(open.of("cors")[0]?.level, "warning");

  const closed = await examineWorker({}, "--origin", APP);
  assert.equal(closed.of("cors")[0]?.level, "failure");
  assert.match(closed.of("cors")[0]?.cure ?? "", /CORS_ORIGINS = "https:\/\/app\.example\.com"/);

  const headers = { CORS_ORIGINS: APP, CORS_HEADERS: "content-type" };
  const without = await examineWorker(headers, "--origin", APP);
  assert.match(without.of("cors")[0]?.text ?? "", /not send Authorization/);
});

test("an origin server that allows every origin with cookies is a failure", async () => {
  await using lax = await serve(({ headers }) => ({
    headers: {
      "access-control-allow-origin": headers.origin ?? "",
      "access-control-allow-credentials": "true",
    },
  }));
  const settings = { ORIGIN_URL: lax.url, CORS_PREFLIGHT_TO_ORIGIN: "true" };
  const { ok, of } = await examineWorker(settings);
  assert.equal(ok, false);
  assert.match(of("cors")[0]?.text ?? "", /with the user's cookies/);
});

test("an edge without a signing key is a warning, and an edge with a printed key is a failure", async () => {
  const { ok, of } = await examineWorker({});
  assert.equal(ok, true);
  assert.equal(of("assertion")[0]?.level, "warning");
  assert.match(of("assertion")[0]?.cure ?? "", /keygen/);

  const printed =
    '{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}';
  const published = await examineWorker({ EDGE_SIGNING_KEY: printed });
  assert.equal(published.ok, false);
  assert.match(published.of("assertion")[0]?.text ?? "", /private key is printed/);
});

test("the Worker computes the same kid as keygen for a key without one", async () => {
  const { kid, ...unnamed } = JSON.parse(await newKey());
  const { stdout } = await examineWorker({ EDGE_SIGNING_KEY: JSON.stringify(unnamed) });
  assert.ok(stdout.includes(`key ${kid} signs the assertions`), stdout);
});

test("the next key is reported with the current key", async () => {
  const settings = { EDGE_SIGNING_KEY: await newKey(), EDGE_SIGNING_KEY_NEXT: await newKey() };
  const { ok, stdout } = await examineWorker(settings);
  assert.equal(ok, true);
  assert.match(stdout, /the next key is published already/);
});

test("a server that is not an edge is a failure", async () => {
  await using sso = await serve(() => ({
    status: 302,
    headers: { location: "https://sso.example/" },
  }));
  await using page = await serve(() => ({ headers: { "content-type": "text/html" }, body: "<p>" }));
  for (const [url, reason] of [
    [auth.url, /not better-auth-edge: .* 404/],
    [page.url, /not better-auth-edge: .* 200, text\/html/],
    [sso.url, /a redirect to https:\/\/sso\.example\//],
    [await closedUrl(), /does not respond: no server listens at this address/],
  ] as const) {
    const { ok, of } = await examine(url);
    assert.equal(ok, false);
    assert.match(of("settings")[0]?.text ?? "", reason);
  }
});

test("clocks that differ, and a cache in front of the edge, are reported", async () => {
  const cases: [() => Record<string, string>, string, string, RegExp][] = [
    [() => ({ date: at(0) }), "clock", "ok", /agree/],
    [() => ({ date: at(-30) }), "clock", "warning", /\d\d s behind/],
    [() => ({ date: at(3600) }), "clock", "failure", /(59 min|1 h).* ahead/],
    [() => ({ date: "soon" }), "clock", "skipped", /no Date/],
    [() => ({ age: "7" }), "settings", "failure", /a cache responds/],
    [() => ({ "cf-cache-status": "HIT" }), "settings", "failure", /a cache responds/],
  ];
  await using worker = await startWorkerWith({ ROUTES });
  for (const [headers, check, level, text] of cases) {
    await using proxy = await serve((request) => forward(worker.url, request, headers()));
    const { findings } = await examine(proxy.url);
    const found = findings.filter((finding) => finding.check === check).at(-1);
    assert.equal(found?.level, level, `${headers}: ${found?.text}`);
    assert.match(found?.text ?? "", text);
    if (level === "skipped") assert.match(found?.cure ?? "", /compare date -u of both machines/);
  }
});

test("a proxy that trusts forged headers is a failure", async () => {
  await using worker = await startWorkerWith({ ROUTES });
  await using proxy = await serve((request) => {
    if ("x-edge-user" in request.headers)
      return { body: { hello: request.headers["x-edge-user"] } };
    return forward(worker.url, request, {});
  });
  const { ok, of } = await examine(proxy.url);
  assert.equal(ok, false);
  assert.match(of("refusal")[0]?.text ?? "", /the edge accepts a forged identity header: 200/);
});

test("a rejection by the rate limit counts as a rejection", async () => {
  await using worker = await startWorkerWith({ ROUTES });
  await using proxy = await serve(async (request) => {
    if (!request.headers.authorization) return forward(worker.url, request, {});
    const headers = { "content-type": "application/problem+json", "retry-after": "60" };
    return { status: 429, headers, body: '{"code":"rate_limited"}' };
  });
  const { of, stdout } = await examine(proxy.url);
  assert.deepEqual(of("refusal"), []);
  assert.match(stdout, /the edge rejects a token without a signature: 429 rate_limited/);
});

test("keys that were fetched long ago are a warning", async () => {
  await using worker = await startWorkerWith({ ROUTES });
  await using proxy = await serve(async (request) => {
    const response = await forward(worker.url, request, {});
    const body = String(response.body).replace(/"keys_age":\d+/, '"keys_age":7201');
    return { ...response, body };
  });
  const { ok, of } = await examine(proxy.url);
  assert.equal(ok, true);
  assert.match(
    of("keys")[0]?.text ?? "",
    /fetched 2 h ago: the edge has had no need to fetch them/,
  );
});

test("an edge with a store of ended sessions reports how much it knows, and that it cannot read", async () => {
  await using worker = await startWorkerWith({ ROUTES });
  const without = await examine(worker.url);
  assert.match(without.of("revocation")[0]?.text ?? "", /no store of ended sessions/);
  const examineWith = async (health: object) => {
    await using proxy = await serve(async (request) => {
      const response = await forward(worker.url, request, {});
      if (!request.path.endsWith("/health")) return response;
      return { ...response, body: { ...JSON.parse(String(response.body)), ...health } };
    });
    return await examine(proxy.url);
  };
  const good = await examineWith({ revocations: { age: 61, entries: 2 } });
  assert.equal(good.ok, true);
  const [advice] = good.of("revocation");
  assert.deepEqual([advice?.level, good.of("revocation").length], ["skipped", 1]);
  assert.match(advice?.cure ?? "", /--sign-out/);
  assert.match(good.stdout, /2 events in the store \(.*\), read 1 min 1 s ago/);
  const status = "revocations_unavailable";
  const bad = await examineWith({
    status,
    keys: undefined,
    revocations: { age: null, entries: 0 },
  });
  assert.equal(bad.ok, false);
  const [finding] = bad.of("revocation");
  assert.equal(finding?.level, "failure");
  assert.match(finding?.text ?? "", /cannot read which sessions have ended.*never read/);
  assert.deepEqual(bad.of("keys"), []);
});

/** Forwards a request and sets headers of the response. */
async function forward(
  url: string,
  request: ReceivedRequest,
  set: Record<string, string>,
): Promise<TestResponse> {
  const { host, connection, ...headers } = request.headers;
  const { method, path } = request;
  const response = await fetch(url + path, { method, headers: headers as Record<string, string> });
  const { "content-encoding": _, ...forwarded } = Object.fromEntries(response.headers);
  delete forwarded["content-length"];
  return {
    status: response.status,
    headers: { ...forwarded, ...set },
    body: await response.text(),
  };
}

/** A `Date` header, in seconds from now. */
function at(seconds: number): string {
  return new Date(Date.now() + seconds * 1000).toUTCString();
}

test("the doctor requests as a script, which the edge does not redirect to a sign-in page, and names the URL of the keys", async () => {
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

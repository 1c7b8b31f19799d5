/** `doctor --sign-out` against the Worker and Better Auth, which ends a session. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { post } from "../../examples/fullstack/auth/test/client.ts";
import type { RunningServer } from "../../examples/fullstack/auth/test/server.ts";
import { importBetterAuth, SECRET, startAuthServer } from "./better-auth.ts";
import { json, run } from "./cli.process.ts";
import { startWorker } from "./cli.worker.ts";
import {
  forward,
  type ReceivedRequest,
  serve,
  type TestResponse,
  type TestServer,
} from "./servers.ts";

/** The edge's public address, which Better Auth knows before the Worker starts. */
let address: TestServer;
let auth: RunningServer;
let upstream: TestServer;
/** Where the requests to the public address go. */
let respond: (request: ReceivedRequest) => TestResponse | Promise<TestResponse>;

before(async () => {
  address = await serve((request) => respond(request));
  auth = await startAuthServer({ EDGE_URL: address.url });
  upstream = await serve(() => ({ body: { hello: "from the upstream" } }));
});

after(async () => {
  await auth.stop();
  await upstream[Symbol.asyncDispose]();
  await address[Symbol.asyncDispose]();
});

/** Starts a Worker with a store between Better Auth and the upstream. */
function startEdge(settings: Record<string, unknown> = {}, hasStore = true) {
  const own = { BETTER_AUTH_URL: auth.url, ORIGIN_URL: upstream.url, EDGE_ISSUER: address.url };
  return startWorker({ ...own, ...settings }, hasStore);
}

let count = 0;

/** Signs a user up, and returns both forms of the session. */
async function signUp(url: string) {
  count += 1;
  const body = { email: `user${count}@example.com`, password: "analytical engine", name: "Ada" };
  const response = await post(url, "/api/auth/sign-up/email", body);
  assert.equal(response.status, 200, await response.clone().text());
  const cookie = response.headers
    .getSetCookie()
    .map((line) => line.split(";")[0])
    .join("; ");
  return { cookie, token: response.headers.get("set-auth-token") ?? "" };
}

/** Whether the session of the cookie is alive at Better Auth. */
async function isAlive(url: string, cookie: string): Promise<boolean> {
  return (await fetch(`${url}/api/auth/token`, { headers: { cookie } })).ok;
}

interface Finding {
  check: string;
  level: string;
  text: string;
  cure?: string;
}

/** Runs the doctor with a session as standard input. Returns the findings about ended sessions. */
async function signOut(session: string, url = auth.url, ...args: string[]) {
  const all = ["doctor", address.url, "--base-url", url, "--sign-out", "--json", ...args];
  const outcome = await run(all, session);
  assert.equal(outcome.stderr, "");
  for (const secret of session.split(/[=;. ]+/).filter(({ length }) => length > 20)) {
    assert.ok(!outcome.stdout.includes(secret), "the session is printed");
  }
  assert.doesNotMatch(outcome.stdout, /eyJ/, "a token is printed");
  const { findings } = json(outcome) as { findings: Finding[] };
  const found = findings.filter(({ check }) => check === "revocation");
  const failure = found.find(({ level }) => level === "failure");
  return { code: outcome.code, texts: found.map(({ text }) => text), failure };
}

test("a sign-out takes effect at the edge, with a cookie or a session token", async () => {
  await using worker = await startEdge();
  respond = (request) => forward(worker.url, request);
  for (const form of ["cookie", "header", "token"] as const) {
    const { cookie, token } = await signUp(auth.url);
    const inputs = { cookie, header: `Cookie: ${cookie}\n`, token };
    const { code, texts, failure } = await signOut(inputs[form], auth.url, "--wait", "120");
    assert.equal(failure, undefined, JSON.stringify(failure));
    assert.equal(code, 0);
    assert.match(texts.at(-2) ?? "", /accepts a token of the session on \/better-auth-edge-doctor/);
    assert.match(texts.at(-1) ?? "", /\d\.\d s after the sign-out: 401 session_revoked/);
    assert.equal(await isAlive(auth.url, cookie), false, "the session has ended");
  }
});

test("an event that does not arrive is a failure, with the reason that a client can see", async () => {
  await using worker = await startEdge();
  const isEvent = ({ path }: ReceivedRequest) => path.endsWith("/events");
  const cases: [(request: ReceivedRequest) => TestResponse | Promise<TestResponse>, RegExp][] = [
    // the edge is not reachable from Better Auth, but from elsewhere
    [
      (request) => (request.body ? { status: 503 } : forward(worker.url, request)),
      /no event has arrived/,
    ],
    [
      () => ({ status: 403, headers: { "content-type": "text/html" } }),
      /a server in front of it answers events with 403/,
    ],
    [() => ({ status: 404 }), /takes no events itself/],
  ];
  for (const [onEvent, reason] of cases) {
    respond = (request) => (isEvent(request) ? onEvent(request) : forward(worker.url, request));
    const { cookie } = await signUp(auth.url);
    const { code, failure } = await signOut(cookie, auth.url, "--wait", "1");
    assert.equal(code, 1);
    assert.match(failure?.text ?? "", /^the edge accepts the token 1 s after the sign-out/);
    assert.match(failure?.text ?? "", reason);
    assert.ok(failure?.cure);
  }
});

test("an EDGE_ISSUER that is not edgeURL is a failure", async () => {
  await using worker = await startEdge({ EDGE_ISSUER: "https://edge.example.com" });
  const codes: unknown[] = [];
  respond = async (request) => {
    const response = await forward(worker.url, request);
    if (request.body) codes.push(JSON.parse(String(response.body)).code);
    return response;
  };
  const { cookie } = await signUp(auth.url);
  const { failure } = await signOut(cookie, auth.url, "--wait", "1");
  assert.match(failure?.text ?? "", /no event has arrived/);
  const [code] = codes;
  assert.match(failure?.cure ?? "", new RegExp(`With ${code}, edgeURL .* EDGE_ISSUER`));
});

test("without a store, the session is neither used nor ended", async () => {
  await using worker = await startEdge({}, false);
  respond = (request) => forward(worker.url, request);
  const { cookie } = await signUp(auth.url);
  const { code, failure } = await signOut(cookie);
  assert.equal(code, 1);
  assert.match(failure?.text ?? "", /the edge has no store/);
  assert.match(failure?.cure ?? "", /REVOCATIONS/);
  assert.equal(await isAlive(auth.url, cookie), true);
});

test("a token that the edge does not accept is a failure, and the session goes on", async () => {
  const { cookie } = await signUp(auth.url);
  const rule = { path: "/*", claims: { role: ["operator"] } };
  const cases: [Record<string, unknown>, RegExp, RegExp][] = [
    [{ AUDIENCE: "https://other.example.com" }, /: audience_mismatch$/, /./],
    [{ ROUTES: [rule] }, /: insufficient_claims$/, /--path/],
    [{ ROUTES: [{ path: "/*", auth: "public" }] }, /which requires no token/, /--path/],
  ];
  for (const [settings, reason, cure] of cases) {
    await using worker = await startEdge(settings);
    respond = (request) => forward(worker.url, request);
    const { code, failure } = await signOut(cookie);
    assert.equal(code, 1);
    assert.match(failure?.text ?? "", reason);
    assert.match(failure?.cure ?? "", cure);
    assert.equal(await isAlive(auth.url, cookie), true);
  }
});

test("a session that Better Auth does not accept is a failure", async () => {
  await using worker = await startEdge();
  respond = (request) => forward(worker.url, request);
  const session = "better-auth.session_token=not-the-token-of-any-session.c2lnbmF0dXJl";
  const { code, failure } = await signOut(session);
  assert.equal(code, 1);
  assert.match(failure?.text ?? "", /Better Auth does not accept the session: 401/);
});

test("a Better Auth without the plugin is a failure, and the session goes on", async () => {
  await using plain = await startWithoutPlugin();
  await using worker = await startEdge({ BETTER_AUTH_URL: plain.url });
  respond = (request) => forward(worker.url, request);
  const { cookie } = await signUp(plain.url);
  const { code, failure } = await signOut(cookie, plain.url);
  assert.equal(code, 1);
  assert.match(failure?.text ?? "", /the token does not name its session/);
  assert.match(failure?.cure ?? "", /edge\(\)/);
  assert.equal(await isAlive(plain.url, cookie), true);
});

/** A Better Auth with the jwt plugin only. */
async function startWithoutPlugin(): Promise<{ url: string } & AsyncDisposable> {
  const [{ betterAuth }, { memoryAdapter }, { jwt }, { toNodeHandler }] = await Promise.all(
    ["better-auth", "better-auth/adapters/memory", "better-auth/plugins", "better-auth/node"].map(
      importBetterAuth,
    ),
  );
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const database = memoryAdapter({
    user: [],
    session: [],
    account: [],
    verification: [],
    jwks: [],
  });
  const options = { baseURL: url, secret: SECRET, database, plugins: [jwt()] };
  const emailAndPassword = { enabled: true };
  const handler = betterAuth({ ...options, emailAndPassword, telemetry: { enabled: false } });
  server.on("request", toNodeHandler(handler));
  return {
    url,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

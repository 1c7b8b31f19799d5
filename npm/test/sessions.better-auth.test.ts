/** The session exchange with a real Better Auth: it changes no session and names the client. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";

import type { AddressInfo } from "node:net";
import { mock, test } from "node:test";
import { createVerifier, EdgeAuthError, type GatewayOptions } from "better-auth-edge";
import { importBetterAuth, SECRET } from "./better-auth.ts";

const { betterAuth } = await importBetterAuth("better-auth");
const { memoryAdapter } = await importBetterAuth("better-auth/adapters/memory");
const { toNodeHandler } = await importBetterAuth("better-auth/node");
const { jwt } = await importBetterAuth("better-auth/plugins");

const DAY = 86_400_000;
const ADA = { email: "ada@example.com", password: "analytical engine", name: "Ada" };

/** A row of Better Auth's table of sessions. */
interface SessionRow {
  expiresAt: Date;
}

/** Starts Better Auth on a free port, with its rows in memory. */
async function start(options: object = {}) {
  const rows = { user: [], session: [] as SessionRow[], account: [], verification: [], jwks: [] };
  const requests: { url: string; headers: IncomingHttpHeaders }[] = [];
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const auth = betterAuth({
    baseURL: url,
    secret: SECRET,
    database: memoryAdapter(rows),
    emailAndPassword: { enabled: true },
    plugins: [jwt()],
    logger: { level: "error" },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    ...options,
  });
  const handle = toNodeHandler(auth);
  server.on("request", (request, response) => {
    requests.push({ url: request.url ?? "", headers: request.headers });
    handle(request, response);
  });

  /** Sends a request as the browser does and returns the `Set-Cookie` headers. */
  const call = async (path: string, init: RequestInit = {}) => {
    const headers = { origin: url, "content-type": "application/json", ...init.headers };
    const response = await fetch(`${url}/api/auth${path}`, { ...init, headers });
    assert.equal(response.status, 200, `${path}: ${await response.text()}`);
    return response.headers.getSetCookie();
  };
  const post = (path: string, body: object) =>
    call(path, { method: "POST", body: JSON.stringify(body) });
  return {
    url,
    rows,
    requests,
    call,
    /** Signs the user in and returns the `Cookie` header of the new session. */
    async signIn(rememberMe = true) {
      if (rows.user.length === 0) await post("/sign-up/email", ADA);
      rows.session.length = 0;
      const cookies = await post("/sign-in/email", { ...ADA, rememberMe });
      return cookies.map((cookie) => cookie.split(";")[0]).join("; ");
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Returns a function that decides about a request with the given headers. */
async function edge(baseURL: string, options: GatewayOptions = {}) {
  const verifier = await createVerifier({ baseURL });
  const rules: GatewayOptions = { sessionExchange: true, logLevel: "none", ...options };
  return (headers: Record<string, string>) =>
    verifier.verifyRequest(new Request("https://edge.example/a", { headers }), rules);
}

const daysLeft = ({ expiresAt }: SessionRow) => (expiresAt.getTime() - Date.now()) / DAY;

test("an exchange does not prolong a session that lasts one day", async () => {
  await using auth = await start();
  const decide = await edge(auth.url);
  const cookie = await auth.signIn(false);
  assert.match(cookie, /dont_remember/);
  const decision = await decide({ cookie });
  assert.ok(decision.ok);
  assert.equal(decision.user?.email, ADA.email);
  const [row] = auth.rows.session;
  assert.ok(row && Math.abs(daysLeft(row) - 1) < 0.01, `${row && daysLeft(row)} days`);
});

test("an exchange does not refresh a session that is due, and the browser's next request does", async () => {
  await using auth = await start();
  const decide = await edge(auth.url);
  const cookie = await auth.signIn();
  const [row] = auth.rows.session;
  assert.ok(row);
  row.expiresAt = new Date(Date.now() + 5 * DAY);
  assert.ok((await decide({ cookie })).ok);
  const [after] = auth.rows.session;
  assert.ok(after && Math.abs(daysLeft(after) - 5) < 0.01, `${after && daysLeft(after)} days`);

  const set = await auth.call("/get-session", { headers: { cookie } });
  assert.ok(set.some((cookie) => cookie.startsWith("better-auth.session_token=")));
  const [prolonged] = auth.rows.session;
  assert.ok(prolonged && daysLeft(prolonged) > 6.9);
});

test("the edge's own requests name the edge and the client's address", async () => {
  await using auth = await start();
  const decide = await edge(auth.url, { clientIpHeader: "x-real-ip" });
  const cookie = await auth.signIn();
  auth.requests.length = 0;
  assert.ok((await decide({ cookie, "x-real-ip": "192.0.2.7" })).ok);
  const received = auth.requests.map(({ url, headers }) => [url, headers["x-forwarded-for"]]);
  assert.deepEqual(received, [
    ["/api/auth/token?disableRefresh=true", "192.0.2.7"],
    ["/api/auth/jwks", undefined],
  ]);
  for (const { headers } of auth.requests) {
    assert.match(headers["user-agent"] ?? "", /^better-auth-edge\/\d+\.\d+\.\d+/);
  }
});

test("a client that exhausted Better Auth's rate limit waits, and other clients do not", async () => {
  const header = "x-client-address";
  await using auth = await start({
    rateLimit: { enabled: true, window: 10, max: 100 },
    advanced: { ipAddress: { ipAddressHeaders: [header] } },
  });
  const decide = await edge(auth.url, {
    clientIpHeader: "x-real-ip",
    authClientIpHeader: header,
    sessionMaxAge: 0,
  });
  const cookie = await auth.signIn();
  const from = (address: string) => decide({ cookie, "x-real-ip": address });
  const statuses: number[] = [];
  let rejected: Response | undefined;
  for (let i = 0; i < 110; i++) {
    const decision = await from("192.0.2.7");
    if (!decision.ok) rejected = decision.response;
    statuses.push(decision.ok ? 200 : decision.response.status);
  }
  assert.deepEqual(statuses, [...Array(100).fill(200), ...Array(10).fill(503)]);
  const seconds = Number(rejected?.headers.get("retry-after"));
  assert.ok(seconds >= 1 && seconds <= 10, `${seconds} seconds`);
  const exchanges = auth.requests.filter(({ url }) => url.includes("/token")).length;
  assert.equal(exchanges, 101, "the edge sends no exchange after the first 429");
  assert.ok((await from("192.0.2.8")).ok, "another client");
});

test("an ended session and a missing jwt plugin are different errors", async () => {
  await using auth = await start();
  const cookie = await auth.signIn();
  auth.rows.session.length = 0;
  const ended = await (await edge(auth.url))({ cookie });
  assert.ok(!ended.ok);
  assert.deepEqual([ended.response.status, ended.code], [401, "missing_token"]);

  await using without = await start({ plugins: [] });
  const log = mock.method(console, "error", () => {});
  const decision = await (await edge(without.url, { logLevel: "error" }))({
    cookie: await without.signIn(),
  });
  log.mock.restore();
  assert.ok(!decision.ok);
  assert.deepEqual([decision.response.status, decision.code], [503, "keys_unavailable"]);
  const body = await decision.response.text();
  assert.match(body, /the jwt plugin is missing/);
  assert.ok(!body.includes(without.url), body);
  const { cause } = JSON.parse(String(log.mock.calls[0]?.arguments[0]));
  assert.ok(cause.startsWith(`GET ${without.url}/api/auth/token: the server answered 404`), cause);

  const verifier = await createVerifier({ baseURL: without.url });
  const token = "eyJhbGciOiJFZERTQSIsImtpZCI6ImEifQ.e30.AAAA";
  const error = await verifier.verify(token).catch((error: unknown) => error);
  assert.ok(error instanceof EdgeAuthError && error.cause instanceof Error);
  assert.ok(error.cause.message.startsWith(`GET ${without.url}/api/auth/jwks: `));
  assert.match(error.cause.message, /404.*the jwt plugin is missing/);
});

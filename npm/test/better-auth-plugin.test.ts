/** The plugin in a real Better Auth, and an edge that receives its events. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createRemoteJWKSet, decodeJwt, jwtVerify } from "jose";
import { openDatabase } from "../../examples/fullstack/auth/src/database.ts";
import { type EdgeOptions, edge } from "../src/better-auth/index.ts";
import { importBetterAuth, SECRET } from "./better-auth.ts";

const { betterAuth } = await importBetterAuth("better-auth");
const { memoryAdapter } = await importBetterAuth("better-auth/adapters/memory");
const { getMigrations } = await importBetterAuth("better-auth/db/migration");
const { toNodeHandler } = await importBetterAuth("better-auth/node");
const { admin, jwt, multiSession, organization } = await importBetterAuth("better-auth/plugins");

const PASSWORD = "analytical engine";

interface Event {
  type: string;
  sid?: string;
  sub?: string;
  not_before?: number;
}

interface Row {
  [name: string]: unknown;
}

/** Listens on a free port, and closes everything with the test. */
async function listen(server: ReturnType<typeof createServer>) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** An edge that verifies events as jose does, and answers with the next of `answers`, then 204. */
async function startEdge(jwksUrl: () => string, answers: number[] = []) {
  const events: Event[] = [];
  const tokens: string[] = [];
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    assert.equal(request.url, "/.well-known/better-auth-edge/events");
    assert.equal(request.method, "POST");
    assert.equal(request.headers["content-type"], "application/jwt");
    tokens.push(body);
    const status = answers.shift() ?? 204;
    if (status === 204) {
      const keys = createRemoteJWKSet(new URL(jwksUrl()));
      const { payload } = await jwtVerify(body, keys, { audience: url, typ: "edge-event+jwt" });
      assert.equal(Number(payload.exp) - Number(payload.iat), 120);
      events.push(...(payload.events as Event[]));
    }
    response.writeHead(status).end();
  });
  const url = await listen(server);
  return {
    url,
    events,
    tokens,
    /** Waits until that many events have arrived. */
    async received(count: number) {
      const deadline = Date.now() + 20_000;
      while (events.length < count) {
        assert(Date.now() < deadline, `${events.length} of ${count} events arrived`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      return events;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** The cookies that a browser has after a response: the last of each name. */
function cookiesOf(response: Response): string {
  const pairs = response.headers.getSetCookie().map((cookie) => cookie.split(";")[0] ?? "");
  const byName = new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair]));
  return [...byName.values()].join("; ");
}

/** Starts Better Auth with the plugin, and an edge. */
async function start({
  edgeOptions = {},
  jwtOptions = {},
  plugins = [],
  answers = [],
  bare = false,
  ...options
}: Row & {
  edgeOptions?: EdgeOptions;
  jwtOptions?: Row;
  plugins?: unknown[];
  answers?: number[];
  /** Whether `plugins` are all plugins. */
  bare?: boolean;
} = {}) {
  const tables = "user session account verification jwks organization member invitation apikey";
  const rows = Object.fromEntries(tables.split(" ").map((name) => [name, [] as Row[]]));
  const server = createServer();
  const url = await listen(server);
  const receiver = await startEdge(() => `${url}/api/auth/jwks`, answers);
  const auth = betterAuth({
    baseURL: url,
    secret: SECRET,
    database: memoryAdapter(rows),
    emailAndPassword: { enabled: true, sendResetPassword: async () => {} },
    user: { deleteUser: { enabled: true } },
    logger: { level: "error", disabled: true },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    plugins: bare
      ? plugins
      : [edge({ edgeURL: receiver.url, ...edgeOptions }), ...plugins, jwt(jwtOptions)],
    ...options,
  });
  server.on("request", toNodeHandler(auth));

  const call = async (path: string, { cookie, body, headers }: Row = {}) => {
    const response = await fetch(`${url}/api/auth${path}`, {
      method: body ? "POST" : "GET",
      headers: {
        origin: url,
        ...(body ? { "content-type": "application/json" } : {}),
        ...(cookie ? { cookie: cookie as string } : {}),
        ...(headers as Record<string, string>),
      },
      body: body ? JSON.stringify(body) : null,
    });
    return response;
  };
  const done = async (path: string, request: Row) => {
    const response = await call(path, request);
    assert.equal(response.status, 200, `${path}: ${await response.clone().text()}`);
    return response;
  };
  const signed = async (response: Response) => {
    const { user } = await response.json();
    return { id: user.id as string, cookie: cookiesOf(response) };
  };
  return {
    url,
    rows,
    auth,
    receiver,
    call,
    done,
    async signUp(name: string) {
      const body = { email: `${name}@example.com`, password: PASSWORD, name };
      return signed(await done("/sign-up/email", { body }));
    },
    async signIn(name: string) {
      const body = { email: `${name}@example.com`, password: PASSWORD };
      return signed(await done("/sign-in/email", { body }));
    },
    async claims(cookie: string) {
      const { token } = await (await done("/token", { cookie })).json();
      return decodeJwt(token) as Row;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      receiver.close();
    },
  };
}

test("a token names its session and says when it began", async () => {
  await using server = await start();
  const { id, cookie } = await server.signUp("ada");
  const claims = await server.claims(cookie);
  const [session] = server.rows.session as Row[];
  assert.equal(claims.sid, session?.id);
  assert.equal(claims.session_iat, (session?.createdAt as Date).getTime() / 1000);
  assert.equal(claims.sub, id);
  assert.equal(claims.email, "ada@example.com", "without definePayload, the user's record remains");
  assert(!JSON.stringify(claims).includes(session?.token as string), "never the session's token");
});

test("claims of the application win, except for those about the session", async () => {
  const definePayload = () => ({
    role: "own",
    uuid: "own",
    sid: "forged",
    session_iat: 1,
    cred: "x",
  });
  await using server = await start({ jwtOptions: { jwt: { definePayload } } });
  const { cookie } = await server.signUp("ada");
  const claims = await server.claims(cookie);
  assert.deepEqual([claims.role, claims.uuid], ["own", "own"]);
  assert.equal(claims.sid, (server.rows.session as Row[])[0]?.id);
  assert.notEqual(claims.session_iat, 1);
  assert.equal(claims.cred, undefined);
  assert.equal(claims.email, undefined);
});

test("each user has a uuid, and a user from before the plugin gets one", async () => {
  const directory = mkdtempSync(join(tmpdir(), "better-auth-edge-plugin-"));
  const database = openDatabase(`file:${join(directory, "auth.db")}`);
  try {
    const before = { emailAndPassword: { enabled: true }, plugins: [jwt({})] };
    await migrate({ ...before, database: database.adapter });
    const plugins = [jwt({}), edge({ uuid: true })];
    await using old = await start({ database: database.adapter, ...before, bare: true });
    const { id } = await old.signUp("ada");
    await migrate({ ...before, plugins, database: database.adapter });

    await using server = await start({ database: database.adapter, plugins, bare: true });
    const ada = await server.signIn("ada");
    const claims = await Promise.all([1, 2, 3].map(() => server.claims(ada.cookie)));
    assert.equal(claims[0]?.sub, id);
    assert.match(claims[0]?.uuid as string, UUID);
    assert.equal(new Set(claims.map((one) => one.uuid)).size, 1, "one uuid for requests at once");
    assert.equal((await server.claims(ada.cookie)).uuid, claims[0]?.uuid);

    const grace = await server.signUp("grace");
    const { uuid } = await server.claims(grace.cookie);
    assert.match(uuid as string, UUID);
    await server.call("/update-user", { cookie: grace.cookie, body: { uuid: claims[0]?.uuid } });
    assert.equal((await server.claims(grace.cookie)).uuid, uuid, "users cannot choose their uuid");
  } finally {
    await database.close();
    rmSync(directory, { recursive: true });
  }
});

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Migrates the tables as Better Auth's command does. */
async function migrate(options: object) {
  const { runMigrations } = await getMigrations({ ...options, telemetry: { enabled: false } });
  await runMigrations();
}

test("a sign-out ends one session", async () => {
  await using server = await start();
  const first = await server.signUp("ada");
  const second = await server.signIn("ada");
  const { sid, sub } = await server.claims(first.cookie);
  await server.done("/sign-out", { cookie: first.cookie, body: {} });
  assert.deepEqual(await server.receiver.received(1), [{ type: "session", sid, sub }]);
  await server.claims(second.cookie);
});

test("a sign-out everywhere ends all sessions in one token", async () => {
  await using server = await start();
  const { cookie } = await server.signUp("ada");
  await server.signIn("ada");
  await server.signIn("ada");
  await server.claims(cookie);
  const ids = (server.rows.session as Row[]).map(({ id }) => id).sort();
  await server.done("/revoke-sessions", { cookie, body: {} });
  const events = await server.receiver.received(3);
  assert.deepEqual(events.map(({ sid }) => sid).sort(), ids);
  assert.equal(server.receiver.tokens.length, 1);
});

test("a new password ends the other sessions", async () => {
  await using server = await start();
  const { cookie } = await server.signUp("ada");
  await server.signIn("ada");
  await server.claims(cookie);
  const body = { currentPassword: PASSWORD, newPassword: "difference engine" };
  const response = await server.done("/change-password", { cookie, body });
  const events = await server.receiver.received(2);
  assert.deepEqual(
    events.map(({ type }) => type),
    ["session", "session"],
  );
  const [session, ...others] = server.rows.session as Row[];
  assert.equal(others.length, 0);
  assert(!events.some(({ sid }) => sid === session?.id), "the new session goes on");
  assert.equal(response.status, 200);
});

test("a ban and a deletion end everything of a user", async () => {
  await using server = await start({ plugins: [admin()] });
  const root = await server.signUp("root");
  const [user] = server.rows.user as Row[];
  assert(user);
  user.role = "admin";
  const ada = await server.signUp("ada");
  await server.claims(ada.cookie);
  const before = Date.now() / 1000;
  await server.done("/admin/ban-user", { cookie: root.cookie, body: { userId: ada.id } });
  const events = await server.receiver.received(2);
  const ban = events.find(({ type }) => type === "user");
  assert.equal(ban?.sub, ada.id);
  assert(Number(ban?.not_before) >= before && Number(ban?.not_before) <= Date.now() / 1000);
  assert(events.some(({ type }) => type === "session"));

  const grace = await server.signUp("grace");
  await server.done("/delete-user", { cookie: grace.cookie, body: { password: PASSWORD } });
  const later = await server.receiver.received(4);
  assert(later.slice(2).some(({ type, sub }) => type === "user" && sub === grace.id));
});

test("a session of an impersonator says so", async () => {
  await using server = await start({ plugins: [admin()] });
  const root = await server.signUp("root");
  const [user] = server.rows.user as Row[];
  assert(user);
  user.role = "admin";
  const ada = await server.signUp("ada");
  const body = { userId: ada.id };
  const response = await server.done("/admin/impersonate-user", { cookie: root.cookie, body });
  const claims = await server.claims(cookiesOf(response));
  assert.deepEqual([claims.sub, claims.impersonatedBy], [ada.id, root.id]);
});

test("tokens name the active organization and, on request, all of them", async () => {
  const edgeOptions = { organizations: true };
  await using server = await start({ plugins: [organization()], edgeOptions });
  const { cookie } = await server.signUp("ada");
  const body = { name: "Analysts", slug: "analysts" };
  const created = await (await server.done("/organization/create", { cookie, body })).json();
  const claims = await server.claims(cookie);
  assert.deepEqual(claims.organizations, [created.id]);
  assert.equal(claims.activeOrganizationId, created.id);
});

test("sessions in a secondary storage end too", async () => {
  const stored = new Map<string, string>();
  const secondaryStorage = {
    get: (key: string) => stored.get(key) ?? null,
    set: (key: string, value: string) => void stored.set(key, value),
    delete: (key: string) => void stored.delete(key),
  };
  await using server = await start({ secondaryStorage });
  const { cookie } = await server.signUp("ada");
  const { sid, sub } = await server.claims(cookie);
  assert.equal((server.rows.session as Row[]).length, 0, "not in the database");
  await server.done("/sign-out", { cookie, body: {} });
  assert.deepEqual(await server.receiver.received(1), [{ type: "session", sid, sub }]);
});

test("each session of the multi-session plugin ends by itself", async () => {
  await using server = await start({ plugins: [multiSession()] });
  const ada = await server.signUp("ada");
  const { sid } = await server.claims(ada.cookie);
  const grace = await server.signUp("grace");
  await server.done("/sign-out", { cookie: ada.cookie, body: {} });
  const events = await server.receiver.received(1);
  assert.deepEqual(
    events.map((event) => event.sid),
    [sid],
  );
  await server.claims(grace.cookie);
});

test("an edge that fails gets the events again, with another token", async () => {
  await using server = await start({ answers: [503, 500] });
  const { cookie } = await server.signUp("ada");
  await server.claims(cookie);
  await server.done("/sign-out", { cookie, body: {} });
  assert.equal((await server.receiver.received(1)).length, 1);
  const ids = server.receiver.tokens.map((token) => decodeJwt(token).jti);
  assert.equal(new Set(ids).size, 3);
});

test("a replayed event and a rejected one are not sent again", async () => {
  await using server = await start({ answers: [409, 401] });
  for (const name of ["ada", "grace", "edith"]) {
    const { cookie } = await server.signUp(name);
    await server.claims(cookie);
    await server.done("/sign-out", { cookie, body: {} });
    const count = server.receiver.tokens.length;
    const deadline = Date.now() + 20_000;
    while (server.receiver.tokens.length <= count && Date.now() < deadline && count < 3) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      if (server.receiver.tokens.length > count) break;
    }
  }
  await server.receiver.received(1);
  assert.equal(server.receiver.tokens.length, 3);
});

test("a new signing key is an event", async () => {
  await using server = await start();
  const { cookie } = await server.signUp("ada");
  await server.claims(cookie);
  for (const key of server.rows.jwks as Row[]) key.expiresAt = new Date();
  await server.claims(cookie);
  const [event] = await server.receiver.received(1);
  assert.equal(event?.type, "keys");
});

test("events are signed with every algorithm of the jwt plugin", async () => {
  for (const keyPairConfig of [
    { alg: "EdDSA", crv: "Ed25519" },
    { alg: "ES256" },
    { alg: "ES512" },
    { alg: "PS256" },
    { alg: "RS256" },
  ]) {
    await using server = await start({ jwtOptions: { jwks: { keyPairConfig } } });
    const { cookie } = await server.signUp("ada");
    await server.claims(cookie);
    await server.done("/sign-out", { cookie, body: {} });
    assert.equal((await server.receiver.received(1)).length, 1, keyPairConfig.alg);
  }
});

test("mistakes are named at start-up", async () => {
  assert.throws(
    () => edge({ edgeURL: "https://edge.example.com/path" }),
    /edgeURL is not an origin/,
  );
  const options = { secret: SECRET, baseURL: "http://127.0.0.1", telemetry: { enabled: false } };
  const context = (plugins: unknown[]) =>
    betterAuth({ ...options, database: memoryAdapter({}), plugins }).$context;
  await assert.rejects(context([edge()]), /add Better Auth's jwt plugin/);
  await assert.rejects(context([jwt(), edge()]), /jwt\(\{\}\)/);
});

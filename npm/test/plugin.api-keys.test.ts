/** Tokens for API keys, by the plugin for Better Auth and the api-key plugin. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeJwt } from "jose";
import { cookiesOf, edge, isFrom, load, plugins, type Row, start } from "./plugin.setup.ts";

const apiKeyModule = plugins.apiKey ? plugins : await load("@better-auth/api-key").catch(missing);

/** The package of the api-key plugin is installed with the versions of `tests/compat` only. */
function missing(error: NodeJS.ErrnoException): { apiKey?: (options?: object) => unknown } {
  if (process.env.BETTER_AUTH_DIRECTORY || error.code !== "MODULE_NOT_FOUND") throw error;
  return {};
}

const options = { skip: !apiKeyModule.apiKey && "without @better-auth/api-key" };

/** Starts a server with the api-key plugin, a user and a function that makes keys. */
async function startWithKeys(configuration: object = {}, more: Row = {}) {
  const { plugins: others = [], ...setup } = more;
  const apiKey = apiKeyModule.apiKey?.(configuration);
  const server = await start({ plugins: [...(others as unknown[]), apiKey], ...setup });
  const ada = await server.signUp("ada");
  const create = async (body: object = {}): Promise<Row> =>
    server.auth.api.createApiKey({ body: { userId: ada.id, name: "a key", ...body } });
  const exchange = (key: unknown, headers: Row = {}) =>
    server.call("/token", { headers: { "x-api-key": key, ...headers } });
  return { server, ada, create, exchange };
}

/** The claims of a successful response. */
async function claimsOf(response: Response): Promise<Row> {
  assert.equal(response.status, 200, await response.clone().text());
  return decodeJwt((await response.json()).token);
}

/** The status and the code of a response. */
async function problem(response: Response) {
  return [response.status, (await response.json().catch(() => ({}))).code];
}

test("an API key becomes a token of its user", options, async () => {
  const { server, ada, create, exchange } = await startWithKeys();
  await using _ = server;
  const key = await create({ permissions: { tasks: ["read"] } });
  const claims = await claimsOf(await exchange(key.key));
  assert.equal(claims.sub, ada.id);
  assert.equal(claims.email, "ada@example.com");
  assert.equal(claims.sid, `api-key:${key.id}`);
  assert.equal(claims.cred, "api-key");
  assert.equal(claims.api_key_id, key.id);
  assert.deepEqual(claims.permissions, { tasks: ["read"] });
  assert.ok(!("session_iat" in claims), "a key is not a recent sign-in");
  assert.ok(!JSON.stringify(claims).includes(String(key.key)));
});

test(
  "a key without permissions has none, also if the application writes some",
  options,
  async () => {
    const definePayload = () => ({ own: true, permissions: { tasks: ["write"] } });
    const jwtOptions = { jwt: { definePayload } };
    const { server, create, exchange } = await startWithKeys({}, { jwtOptions });
    await using _ = server;
    const claims = await claimsOf(await exchange((await create()).key));
    assert.deepEqual([claims.own, "permissions" in claims], [true, false]);
  },
);

test("an unknown, a disabled and an expired key are refused", options, async () => {
  const { server, ada, create, exchange } = await startWithKeys();
  await using _ = server;
  assert.deepEqual(await problem(await exchange("x".repeat(64))), [401, "INVALID_API_KEY"]);
  const disabled = await create();
  const body = { keyId: disabled.id, userId: ada.id, enabled: false };
  await server.auth.api.updateApiKey({ body });
  assert.deepEqual(await problem(await exchange(disabled.key)), [401, "INVALID_API_KEY"]);
  const expired = await create();
  for (const row of server.rows("apikey")) {
    if (row.id === expired.id) row.expiresAt = new Date(Date.now() - 1_000);
  }
  assert.deepEqual(await problem(await exchange(expired.key)), [401, "INVALID_API_KEY"]);
  const response = await server.call("/token");
  assert.equal(response.status, 401, "neither a key nor a session");
});

test("the key's rate limit and its remaining uses count", options, async () => {
  const { server, create, exchange } = await startWithKeys();
  await using _ = server;
  const limited = await create({ rateLimitMax: 2, rateLimitTimeWindow: 60_000 });
  await claimsOf(await exchange(limited.key));
  await claimsOf(await exchange(limited.key));
  const response = await exchange(limited.key);
  const seconds = Number(response.headers.get("retry-after"));
  assert.ok(seconds >= 1 && seconds <= 60, `${seconds} seconds`);
  assert.deepEqual(await problem(response), [429, "RATE_LIMITED"]);

  const counted = await create({ remaining: 2 });
  await claimsOf(await exchange(counted.key));
  await claimsOf(await exchange(counted.key));
  assert.deepEqual(await problem(await exchange(counted.key)), [429, "USAGE_EXCEEDED"]);
});

test("each use counts once if the api-key plugin makes sessions for keys", options, async () => {
  const configuration = { enableSessionForAPIKeys: true };
  for (const isJwtFirst of [true, false]) {
    const { server, create, exchange } = await startWithKeys(configuration, { isJwtFirst });
    await using _ = server;
    const key = await create({ remaining: 2 });
    await claimsOf(await exchange(key.key));
    assert.equal((await claimsOf(await exchange(key.key))).cred, "api-key");
    assert.deepEqual(await problem(await exchange(key.key)), [429, "USAGE_EXCEEDED"]);
  }
});

test("a session cookie comes before an API key", options, async () => {
  const { server, ada, create, exchange } = await startWithKeys();
  await using _ = server;
  const key = await create();
  const claims = await claimsOf(await exchange(key.key, { cookie: ada.cookie }));
  assert.deepEqual([claims.sid, claims.cred], [ada.sid, undefined]);
  const response = await exchange("x".repeat(64), { cookie: "another=cookie" });
  assert.deepEqual(await problem(response), [401, "INVALID_API_KEY"]);
});

test("keys are read from other headers on request", options, async () => {
  const apiKeyHeader = ["x-service-key", "x-other"];
  const { server, create } = await startWithKeys({}, { edgeOptions: { apiKeyHeader } });
  await using _ = server;
  const { key } = await create();
  for (const name of apiKeyHeader) {
    await claimsOf(await server.call("/token", { headers: { [name]: key } }));
  }
  assert.equal((await server.call("/token", { headers: { "x-api-key": key } })).status, 401);
});

test("the keys of a banned user are refused", options, async () => {
  const { server, ada, create, exchange } = await startWithKeys({}, { plugins: [plugins.admin()] });
  await using _ = server;
  const { key } = await create();
  const root = await server.signUpAdmin();
  await claimsOf(await exchange(key));
  await server.done("/admin/ban-user", { cookie: root.cookie, body: { userId: ada.id } });
  assert.deepEqual(await problem(await exchange(key)), [401, "INVALID_API_KEY"]);
  await server.done("/admin/unban-user", { cookie: root.cookie, body: { userId: ada.id } });
  await claimsOf(await exchange(key));
});

test("no token outlives its key", options, async () => {
  const { server, create, exchange } = await startWithKeys({ keyExpiration: { minExpiresIn: 0 } });
  await using _ = server;
  const key = await create();
  const end = Date.now() + 120_000;
  for (const row of server.rows("apikey")) row.expiresAt = new Date(end);
  const claims = await claimsOf(await exchange(key.key));
  assert.equal(claims.exp, Math.floor(end / 1000));
});

test("a deleted and a disabled key end at the edge", {
  skip: options.skip || !isFrom(4),
}, async () => {
  const { server, ada, create } = await startWithKeys();
  await using _ = server;
  const [deleted, disabled, renamed, own] = await Promise.all([1, 2, 3, 4].map(() => create()));
  const { cookie } = ada;
  await server.done("/api-key/delete", { cookie, body: { keyId: deleted?.id } });
  await server.done("/api-key/update", { cookie, body: { keyId: renamed?.id, name: "renamed" } });
  const body = { keyId: disabled?.id, userId: ada.id, enabled: false };
  await server.auth.api.updateApiKey({ body });
  await server.call("/api-key/delete", { cookie, body: { keyId: "unknown" } });
  const grace = await server.signUp("grace");
  await server.call("/api-key/delete", { cookie: grace.cookie, body: { keyId: own?.id } });
  await server.done("/sign-out", { cookie: grace.cookie, body: {} });
  const events = await server.receiver.ended(
    `api-key:${deleted?.id}`,
    `api-key:${disabled?.id}`,
    grace.sid,
  );
  const ended = events.filter(({ type }) => type === "session");
  assert.equal(ended.length, 3);
  assert.ok(ended.every(({ sid, sub }) => sub === (sid === grace.sid ? grace.id : ada.id)));
  // a disabled key can be enabled again
  const before = Object.fromEntries(ended.map(({ sid, not_before }) => [sid, not_before]));
  assert.equal(before[`api-key:${deleted?.id}`], undefined);
  const lead = Number(before[`api-key:${disabled?.id}`]) - Date.now() / 1000;
  assert.ok(lead > -60 && lead <= 2, `${lead}`);
});

test("the key of an organization is refused", { skip: options.skip || !isFrom(5) }, async () => {
  const configuration = [{ configId: "org", references: "organization" }, { configId: "default" }];
  const { server, ada, exchange } = await startWithKeys(configuration, {
    plugins: [plugins.organization()],
  });
  await using _ = server;
  const body = { name: "Analysts", slug: "analysts" };
  const response = await server.done("/organization/create", { cookie: ada.cookie, body });
  const { id } = await response.clone().json();
  const headers = new Headers({ cookie: cookiesOf(response, ada.cookie) });
  const create = { configId: "org", organizationId: id, name: "a key" };
  const key = await server.auth.api.createApiKey({ body: create, headers });
  assert.deepEqual(await problem(await exchange(key.key)), [401, "INVALID_API_KEY"]);
});

test("no session of the api-key plugin passes for one of the key's user", options, async () => {
  const apiKeyHeaders = ["x-api-key", "x-own"];
  const configuration = { enableSessionForAPIKeys: true, apiKeyHeaders };
  const edgeOptions = { apiKeyHeader: "x-api-key" };
  const { server, create } = await startWithKeys(configuration, { edgeOptions });
  await using _ = server;
  const { id, key } = await create();
  const cookie = "better-auth.session_token=none";
  for (const request of [
    { headers: { "x-api-key": key }, cookie },
    { headers: { "x-own": key } },
    { headers: { "x-own": key }, cookie },
  ]) {
    const claims = await claimsOf(await server.call("/token", request));
    assert.deepEqual([claims.cred, claims.sid], ["api-key", `api-key:${id}`]);
    assert.ok(!("session_iat" in claims), "a key is not a recent sign-in");
  }
  for (const name of ["x-api-key", "x-own"]) {
    const response = await server.call("/get-session", { headers: { [name]: key } });
    const token = response.headers.get("set-auth-jwt");
    if (token) assert.equal(decodeJwt(token).cred, "api-key");
  }
});

test("many instances of Better Auth can share the api-key plugin", options, async () => {
  const { server, ada } = await startWithKeys({ enableSessionForAPIKeys: true });
  await using _ = server;
  const context = await server.auth.$context;
  for (let i = 0; i < 20_000; i++) edge().init(context);
  assert.equal((await server.claims(ada.cookie)).sub, ada.id);
});

/** Session tokens and API keys at the edge, with a real Better Auth. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createVerifier, type GatewayOptions } from "better-auth-edge";
import { load, plugins, type Row, start } from "./plugin.setup.ts";

const apiKeyModule = plugins.apiKey ? plugins : await load("@better-auth/api-key").catch(missing);

/** The package of the api-key plugin is installed with the versions of `tests/compat` only. */
function missing(error: NodeJS.ErrnoException): { apiKey?: (options?: object) => unknown } {
  if (process.env.BETTER_AUTH_DIRECTORY || error.code !== "MODULE_NOT_FOUND") throw error;
  return {};
}

const withKeys = { skip: !apiKeyModule.apiKey && "without @better-auth/api-key" };

const ROUTES: GatewayOptions["routes"] = [
  { path: "/programs/*", credentials: ["api-key"] },
  { path: "/users/*", credentials: ["session"] },
  { path: "/read/*", claims: { "permissions.tasks": ["read"] } },
  { path: "/write/*", claims: { "permissions.tasks": ["write"] } },
];

/** Returns a function that sends a request to an edge: the user's id, or status and code. */
async function edgeOf(baseURL: string, options: GatewayOptions = {}) {
  const verifier = await createVerifier({ baseURL });
  const settings: GatewayOptions = {
    sessionExchange: true,
    apiKeys: true,
    routes: ROUTES,
    logLevel: "none",
    ...options,
  };
  return async (path: string, headers: Record<string, string>) => {
    const request = new Request(`https://edge.example${path}`, { headers });
    const decision = await verifier.verifyRequest(request, settings);
    if (decision.ok) return decision.user?.id;
    const { status } = decision.response;
    return `${status} ${(await decision.response.json()).code}`;
  };
}

/** Starts Better Auth with the api-key plugin, a user and a function that makes keys. */
async function startWithKeys(configuration: object = {}, setup: Row = {}) {
  const { plugins: others = [], ...more } = setup;
  const apiKey = apiKeyModule.apiKey?.(configuration);
  const server = await start({ plugins: [...(others as unknown[]), apiKey], ...more });
  const ada = await server.signUp("ada");
  const create = async (body: object = {}): Promise<Record<"id" | "key", string>> =>
    server.auth.api.createApiKey({ body: { userId: ada.id, name: "a key", ...body } });
  return { server, ada, create };
}

test("a session token of the bearer plugin is a session, with and without its signature", async () => {
  await using server = await start({ plugins: [plugins.bearer()] });
  const send = await edgeOf(server.url);
  const { id, cookie } = await server.signUp("ada");
  const value = decodeURIComponent(/session_token=([^;]+)/.exec(cookie)?.[1] ?? "");
  const [token] = value.split(".");
  for (const bearer of [value, encodeURIComponent(value), token]) {
    const headers = { authorization: `Bearer ${bearer}` };
    assert.equal(await send("/users/x", headers), id);
    assert.equal(await send("/programs/x", headers), "403 credential_not_accepted");
  }
  const madeUp = { authorization: `Bearer ${"x".repeat(32)}` };
  assert.equal(await send("/users/x", madeUp), "401 missing_token");
  assert.equal(await send("/users/x", { cookie }), id);
});

test("an API key identifies its user, with the permissions of the key", withKeys, async () => {
  const { server, ada, create } = await startWithKeys();
  await using _ = server;
  const send = await edgeOf(server.url);
  const { key } = await create({ permissions: { tasks: ["read"] } });
  const headers = { "x-api-key": key };
  assert.equal(await send("/programs/x", headers), ada.id);
  assert.equal(await send("/read/x", headers), ada.id);
  assert.equal(await send("/write/x", headers), "403 insufficient_claims");
  assert.equal(await send("/users/x", headers), "403 credential_not_accepted");

  const response = await server.call("/token", { headers });
  const bearer = { authorization: `Bearer ${(await response.json()).token}` };
  assert.equal(await send("/programs/x", bearer), ada.id, "its token is of the same kind");
  assert.equal(await send("/users/x", bearer), "403 credential_not_accepted");
});

const KINDS = [
  { title: "with the plugin", setup: {} },
  { title: "with enableSessionForAPIKeys", setup: { isPlain: true } },
];

for (const { title, setup } of KINDS) {
  const configuration = { enableSessionForAPIKeys: setup.isPlain === true };

  test(`wrong keys are refused ${title}`, withKeys, async () => {
    const { server, ada, create } = await startWithKeys(configuration, setup);
    await using _ = server;
    const send = await edgeOf(server.url, { apiKeyMaxAge: 0 });
    const good = await create();
    assert.equal(await send("/programs/x", { "x-api-key": good.key }), ada.id);
    const disabled = await create();
    const body = { keyId: disabled.id, userId: ada.id, enabled: false };
    await server.auth.api.updateApiKey({ body });
    for (const key of ["short", "x".repeat(64), `${good.key}x`, disabled.key]) {
      assert.equal(await send("/programs/x", { "x-api-key": key }), "401 invalid_api_key", key);
    }
    const strange = await send("/programs/x", { "x-api-key": "a b" });
    assert.equal(strange, "400 malformed_request");
  });

  test(`a key that has reached its limit waits alone ${title}`, withKeys, async () => {
    const { server, ada, create } = await startWithKeys(configuration, setup);
    await using _ = server;
    const send = await edgeOf(server.url, { apiKeyMaxAge: 0 });
    const limited = await create({ rateLimitMax: 1, rateLimitTimeWindow: 600_000 });
    const used = await create({ remaining: 1 });
    const other = await create();
    for (const { key } of [limited, used]) {
      assert.equal(await send("/programs/x", { "x-api-key": key }), ada.id);
      assert.equal(await send("/programs/x", { "x-api-key": key }), "429 rate_limited");
    }
    assert.equal(await send("/programs/x", { "x-api-key": other.key }), ada.id);
  });
}

test(
  "the token of a key is cached, so that the key's limit counts exchanges",
  withKeys,
  async () => {
    const { server, ada, create } = await startWithKeys();
    await using _ = server;
    const send = await edgeOf(server.url);
    const { key } = await create({ remaining: 1 });
    for (let i = 0; i < 5; i++)
      assert.equal(await send("/programs/x", { "x-api-key": key }), ada.id);
  },
);

test("without a plugin that reads the credential, the log asks for the plugin", async (t) => {
  const logged = t.mock.method(console, "warn", () => {});
  await using server = await start({ isPlain: true });
  const { cookie, id } = await server.signUp();
  const send = await edgeOf(server.url, { logLevel: "warn" });
  const token = cookie.slice(cookie.indexOf("=") + 1);
  for (const [path, headers, outcome, question] of [
    ["/users/x", { authorization: `Bearer ${token}` }, "401 missing_token", /the bearer plugin\?/],
    ["/programs/x", { "x-api-key": "x".repeat(64) }, "401 invalid_api_key", /read this header/],
  ] as const) {
    assert.equal(await send(path, headers), outcome);
    const line = String(logged.mock.calls.at(-1)?.arguments[0]);
    assert.match(JSON.parse(line).cause, question);
    assert.ok(!line.includes(token.slice(0, 32)), "never the token");
  }
  assert.equal(await send("/users/x", { cookie }), id, "the session itself is valid");
});

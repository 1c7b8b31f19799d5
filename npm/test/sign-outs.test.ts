/** What ends sessions at Better Auth ends them at the Worker, which keeps a Durable Object. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { startWorker } from "./cli.worker.ts";
import { cookiesOf, PASSWORD, plugins, start } from "./plugin.setup.ts";
import { forward, serve, until } from "./servers.ts";

/** Milliseconds. */
const LAG = 1_000;

/** Starts Better Auth, an upstream, the Worker, and the address by which both know the Worker. */
async function startAll() {
  const servers: AsyncDisposable[] = [];
  const use = <T extends AsyncDisposable>(server: T): T => {
    servers.unshift(server);
    return server;
  };
  let worker = "";
  let events = 0;
  const address = use(
    await serve(async (request) => {
      const response = await forward(worker, request);
      if (request.path.endsWith("/events") && response.status === 204) events += 1;
      return response;
    }),
  );
  const upstream = use(await serve(() => ({ body: { hello: "from the upstream" } })));
  const auth = use(
    await start({ edgeOptions: { edgeURL: address.url }, plugins: [plugins.admin()] }),
  );
  const settings = {
    BETTER_AUTH_URL: auth.url,
    ORIGIN_URL: upstream.url,
    EDGE_ISSUER: address.url,
    REVOCATION_LAG: String(LAG / 1000),
    LOG_LEVEL: "error",
  };
  worker = use(await startWorker(settings, true)).url;

  const tokenOf = async (cookie: string) =>
    (await (await auth.done("/token", { cookie })).json()).token as string;
  const outcome = async (token: string) => {
    const response = await fetch(address.url, { headers: { authorization: `Bearer ${token}` } });
    return response.ok ? "accepted" : (await response.json()).code;
  };
  /** Waits until the edge has the events that a function causes, and for the lag. */
  const ended = async (end: () => Promise<unknown>) => {
    const before = events;
    await end();
    await until(() => events > before);
    await delay(LAG);
  };
  return {
    auth,
    tokenOf,
    outcome,
    ended,
    async [Symbol.asyncDispose]() {
      for (const server of servers) await server[Symbol.asyncDispose]();
    },
  };
}

type Request = [path: string, body: Record<string, unknown>, isByAdministrator?: boolean];

const ENDS: Record<string, (user: string) => Request> = {
  "a sign-out": () => ["/sign-out", {}],
  "a sign-out everywhere": () => ["/revoke-sessions", {}],
  "the end of an account": () => ["/delete-user", { password: PASSWORD }],
  "a ban": (userId) => ["/admin/ban-user", { userId }, true],
  "the removal of a user": (userId) => ["/admin/remove-user", { userId }, true],
};

test("a token does not count any more, and those of others do", async () => {
  await using all = await startAll();
  const { auth, tokenOf, outcome, ended } = all;
  const root = await auth.signUpAdmin();
  const bystander = await tokenOf((await auth.signUp("bystander")).cookie);
  for (const [number, [what, request]] of Object.entries(ENDS).entries()) {
    const user = await auth.signUp(`user${number}`);
    const token = await tokenOf(user.cookie);
    assert.equal(await outcome(token), "accepted", what);
    const [path, body, isByAdministrator] = request(user.id);
    const cookie = isByAdministrator ? root.cookie : user.cookie;
    await ended(() => auth.done(path, { cookie, body }));
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => outcome(token)));
    assert.deepEqual([...new Set(outcomes)], ["session_revoked"], what);
    assert.equal(await outcome(bystander), "accepted", what);
  }
  assert.equal(await outcome(await tokenOf(root.cookie)), "accepted");
});

test("a new password ends all sessions but a new one, and users can sign in again", async () => {
  await using all = await startAll();
  const { auth, tokenOf, outcome, ended } = all;
  const sessions = [await auth.signUp(), await auth.signIn()];
  const tokens = await Promise.all(sessions.map((session) => tokenOf(session.cookie)));
  const body = { currentPassword: PASSWORD, newPassword: "difference engine" };
  let cookie = sessions[1]?.cookie ?? "";
  await ended(async () => {
    cookie = cookiesOf(await auth.done("/change-password", { cookie, body }), cookie);
  });
  assert.deepEqual(await Promise.all(tokens.map(outcome)), ["session_revoked", "session_revoked"]);
  const renewed = await tokenOf(cookie);
  assert.equal(await outcome(renewed), "accepted", "of the browser that set the password");

  await ended(() => auth.done("/sign-out", { cookie, body: {} }));
  assert.equal(await outcome(renewed), "session_revoked");
  const again = { email: "ada@example.com", password: "difference engine" };
  const response = await auth.done("/sign-in/email", { body: again });
  assert.equal(await outcome(await tokenOf(cookiesOf(response))), "accepted");
});

/** When the API client asks for a token, and whose it uses: against real servers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createApiClient } from "../src/client/index.ts";
import {
  authClientOf,
  bearers,
  failure,
  fakeClock,
  ok,
  promised,
  serve,
  settled,
  subjects,
  token,
  tokenOf,
  tokens,
  until,
} from "./client.servers.ts";

test("nothing is asked for before the first call", async () => {
  await using auth = await tokens();
  createApiClient({ authClient: authClientOf(auth.url), baseURL: "http://127.0.0.1:9" });
  assert.equal(auth.arrived.length, 0);
});

test("calls at the same time share one token, and so do later ones", async () => {
  await using auth = await tokens();
  await using api = await serve(ok);
  const call = createApiClient({ authClient: authClientOf(auth.url), baseURL: api.url });
  await Promise.all(Array.from({ length: 10 }, () => call("/tasks")));
  await call("/tasks");
  assert.equal(auth.arrived.length, 1);
  assert.equal(new Set(bearers(api.arrived)).size, 1);
  assert.match(api.arrived[0]?.headers.authorization ?? "", /^Bearer ey/);
});

test("after a 401 the token is renewed and the call repeated once, body and all", async () => {
  await using auth = await tokens();
  await using api = await serve((_, count) => (count === 1 ? { status: 401 } : ok()));
  const call = createApiClient({ authClient: authClientOf(auth.url), baseURL: api.url });
  await call.json("/tasks", { method: "POST", json: { title: "Rest" } });
  const [first, second] = api.arrived;
  assert.notEqual(first?.headers.authorization, second?.headers.authorization);
  assert.equal(second?.body, first?.body);
  assert.deepEqual([auth.arrived.length, api.arrived.length], [2, 2]);
});

test("a call that is refused twice is not repeated again", async () => {
  await using auth = await tokens();
  await using api = await serve(() => ({ status: 401, body: { code: "audience_mismatch" } }));
  const call = createApiClient({ authClient: authClientOf(auth.url), baseURL: api.url });
  assert.equal((await failure(call("/tasks"))).code, "audience_mismatch");
  assert.deepEqual([auth.arrived.length, api.arrived.length], [2, 2]);
});

test("calls that are refused at the same time renew the token once", async () => {
  await using auth = await tokens();
  let refused: string | undefined;
  await using api = await serve(({ headers }) => {
    refused ??= headers.authorization;
    return headers.authorization === refused ? { status: 401 } : ok();
  });
  const call = createApiClient({ authClient: authClientOf(auth.url), baseURL: api.url });
  await Promise.all(Array.from({ length: 10 }, () => call("/tasks")));
  assert.equal(auth.arrived.length, 2);
});

test("a token is renewed before its end, while calls go on with the old one", async () => {
  const renewal = promised();
  await using auth = await serve(async (_, count) => {
    if (count === 2) await renewal.promise;
    return { body: { token: token({ exp: 900 }, count) } };
  });
  await using api = await serve(ok);
  const call = createApiClient({ authClient: authClientOf(auth.url), baseURL: api.url });
  const clock = fakeClock();
  try {
    await call("/tasks");
    clock.advance(850_000);
    await call("/tasks");
    await call("/tasks");
    assert.equal(new Set(bearers(api.arrived)).size, 1);
    renewal.resolve();
    await until(() => auth.arrived.length === 2);
    await settled(async () => {
      await call("/tasks");
      return new Set(bearers(api.arrived)).size === 2;
    });
    assert.equal(auth.arrived.length, 2);
  } finally {
    clock.restore();
  }
});

test("a browser's clock that is wrong changes nothing", async () => {
  for (const skew of [-86_400, 86_400]) {
    await using auth = await serve((_, count) => ({
      body: { token: token({ iat: skew, exp: skew + 900 }, count) },
    }));
    await using api = await serve(ok);
    const call = createApiClient({ authClient: authClientOf(auth.url), baseURL: api.url });
    await call("/tasks");
    await call("/tasks");
    assert.equal(auth.arrived.length, 1, `${skew} s`);
  }
});

test("a token that is over is not sent", async () => {
  await using auth = await tokens({ exp: 900 });
  await using api = await serve(ok);
  const call = createApiClient({ authClient: authClientOf(auth.url), baseURL: api.url });
  const clock = fakeClock();
  try {
    await call("/tasks");
    clock.advance(900_000);
    await call("/tasks");
  } finally {
    clock.restore();
  }
  assert.equal(new Set(bearers(api.arrived)).size, 2);
});

test("while Better Auth is down, a token that is still good goes on", async () => {
  let isDown = false;
  await using auth = await serve((_, count) =>
    isDown ? { status: 503, body: {} } : { body: { token: token({ exp: 900 }, count) } },
  );
  await using api = await serve(ok);
  const call = createApiClient({ authClient: authClientOf(auth.url), baseURL: api.url });
  const clock = fakeClock();
  try {
    await call("/tasks");
    isDown = true;
    clock.advance(850_000);
    await call("/tasks");
    await call("/tasks");
    clock.advance(50_000);
    const error = await failure(call("/tasks"));
    assert.deepEqual([error.code, error.status], ["token_unavailable", 503]);
  } finally {
    clock.restore();
  }
  assert.equal(api.arrived.length, 3);
});

test("a Better Auth that cannot be reached, or answers nonsense, is said to be", async () => {
  await using api = await serve(ok);
  const closed = await serve(ok);
  await closed[Symbol.asyncDispose]();
  await using odd = await serve(() => ({ body: { tokens: [] } }));
  for (const [url, status] of [
    [closed.url, 0],
    [odd.url, 0],
  ] as const) {
    const call = createApiClient({ authClient: authClientOf(url), baseURL: api.url });
    const error = await failure(call("/tasks"));
    assert.deepEqual([error.code, error.status], ["token_unavailable", status]);
  }
  assert.equal(api.arrived.length, 0);
});

test("a Better Auth that accepts and never answers is given up, and asked again by the next call", async () => {
  const { timeout } = AbortSignal;
  AbortSignal.timeout = (milliseconds) => timeout.call(AbortSignal, milliseconds / 100);
  try {
    let isAwake = false;
    await using auth = await serve(async () => {
      if (!isAwake) await new Promise(() => {});
      return { body: { token: token({}) } };
    });
    await using api = await serve(ok);
    const call = createApiClient({ authClient: authClientOf(auth.url), baseURL: api.url });
    assert.equal((await failure(call("/tasks"))).code, "token_unavailable");
    isAwake = true;
    assert.equal((await call("/tasks")).status, 200);
  } finally {
    AbortSignal.timeout = timeout;
  }
});

test("who is signed out gets an error, and no call is made", async () => {
  await using auth = await serve(() => ({ status: 401, body: {} }));
  await using api = await serve(ok);
  const call = createApiClient({ authClient: authClientOf(auth.url), baseURL: api.url });
  assert.equal((await failure(call("/tasks"))).code, "signed_out");
  assert.equal(api.arrived.length, 0);
});

test("after a sign-out the old token is gone, told by the auth client or by the caller", async () => {
  for (const how of ["signal", "forgetToken"] as const) {
    let user: string | undefined = "ada";
    await using auth = await serve(() =>
      user ? { body: { token: token({ sub: user }) } } : { status: 401, body: {} },
    );
    await using api = await serve(ok);
    const authClient = authClientOf(auth.url);
    const call = createApiClient({ authClient, baseURL: api.url });
    await call("/tasks");
    user = undefined;
    if (how === "signal") authClient.signal();
    else call.forgetToken();
    assert.equal((await failure(call("/tasks"))).code, "signed_out");
    user = "bob";
    await call("/tasks");
    assert.deepEqual(subjects(api.arrived), ["ada", "bob"]);
  }
});

test("a sign-out in another tab counts in this one", async () => {
  const tab = new EventTarget();
  Object.assign(globalThis, { window: tab });
  try {
    await using auth = await tokens();
    await using api = await serve(ok);
    const call = createApiClient({ authClient: authClientOf(auth.url), baseURL: api.url });
    await call("/tasks");
    tab.dispatchEvent(Object.assign(new Event("storage"), { key: "theme" }));
    await call("/tasks");
    assert.equal(auth.arrived.length, 1);
    tab.dispatchEvent(Object.assign(new Event("storage"), { key: "better-auth.message" }));
    await call("/tasks");
    assert.equal(auth.arrived.length, 2);
  } finally {
    Reflect.deleteProperty(globalThis, "window");
  }
});

test("a token that was on its way when the user changed is not used", async () => {
  const first = promised();
  await using auth = await serve(async (_, count) => {
    if (count === 1) await first.promise;
    return { body: { token: token({ sub: count === 1 ? "ada" : "bob" }) } };
  });
  await using api = await serve(ok);
  const authClient = authClientOf(auth.url);
  const call = createApiClient({ authClient, baseURL: api.url });
  const begun = call("/api/ada/tasks");
  await until(() => auth.arrived.length === 1);
  authClient.signal();
  first.resolve();
  assert.equal((await failure(begun)).code, "session_changed");
  await call("/api/bob/tasks");
  assert.deepEqual(subjects(api.arrived), ["bob"]);
});

test("a sign-in that is told of late does not disturb the calls behind it", async () => {
  const first = promised();
  await using auth = await serve(async (_, count) => {
    if (count === 1) await first.promise;
    return { body: { token: token({}, count) } };
  });
  await using api = await serve(ok);
  const authClient = authClientOf(auth.url);
  const call = createApiClient({ authClient, baseURL: api.url });
  const begun = call("/tasks");
  await until(() => auth.arrived.length === 1);
  authClient.signal();
  first.resolve();
  assert.equal((await begun).status, 200);
});

test("a call is never repeated as another user", async () => {
  let user = "ada";
  await using auth = await serve(() => ({ body: { token: token({ sub: user }) } }));
  await using api = await serve(() => {
    user = "bob";
    return { status: 401 };
  });
  const call = createApiClient({ authClient: authClientOf(auth.url), baseURL: api.url });
  const init = { method: "POST", json: { title: "Ada's" } };
  assert.equal((await failure(call.json("/tasks", init))).code, "session_changed");
  assert.deepEqual(subjects(api.arrived), ["ada"]);
});

/** The claims of the token that was refused and of the next, and what becomes of each method. */
const SUCCESSIONS: [first: object, second: object, unsafe: string, safe: string][] = [
  [{ sub: "ada" }, { sub: "ada" }, "repeated", "repeated"],
  [{ sub: "ada" }, { sub: "bob" }, "session_changed", "session_changed"],
  [{ sub: "ada", uuid: "1" }, { sub: "ada", uuid: "2" }, "session_changed", "session_changed"],
  [{ sub: "ada", uuid: "1" }, { uuid: "1" }, "repeated", "repeated"],
  [{ uuid: "1" }, { uuid: "1" }, "repeated", "repeated"],
  [{ uuid: "1" }, { uuid: "2" }, "session_changed", "session_changed"],
  [{ id: "1" }, { id: "1" }, "repeated", "repeated"],
  [{ id: "1" }, { id: "2" }, "session_changed", "session_changed"],
  [{ sub: "ada", id: "1" }, { sub: "ada", id: "2" }, "repeated", "repeated"],
  [{}, {}, "expired", "repeated"],
  [{}, { sub: "bob" }, "expired", "repeated"],
  [{ sub: "ada" }, {}, "session_changed", "repeated"],
  [{ sub: "" }, { sub: "" }, "expired", "repeated"],
  [{ sub: null }, { sub: null }, "expired", "repeated"],
  [{ sub: 7 }, { sub: 7 }, "expired", "repeated"],
  [{ role: "user" }, { role: "user" }, "expired", "repeated"],
  [{ email: "a@example.com" }, { email: "a@example.com" }, "expired", "repeated"],
];

async function afterRefusal(method: string, first: object, second: object, asRequest: boolean) {
  await using auth = await serve((_, count) => ({
    body: { token: tokenOf(count === 1 ? first : second) },
  }));
  await using api = await serve((_, count) =>
    count === 1 ? { status: 401, body: { code: "expired" } } : ok(),
  );
  const call = createApiClient({ authClient: authClientOf(auth.url), baseURL: api.url });
  const url = `${api.url}/tasks`;
  const made = asRequest ? call(new Request(url, { method })) : call(url, { method });
  const outcome = await made.then(
    () => "repeated",
    ({ code }) => code,
  );
  assert.equal(api.arrived.length, outcome === "repeated" ? 2 : 1);
  return outcome;
}

test("a call that changes something is repeated only for a user who is shown to be the same", async () => {
  for (const [first, second, unsafe, safe] of SUCCESSIONS) {
    const what = JSON.stringify([first, second]);
    assert.equal(await afterRefusal("POST", first, second, false), unsafe, what);
    assert.equal(await afterRefusal("DELETE", first, second, true), unsafe, what);
    assert.equal(await afterRefusal("GET", first, second, true), safe, what);
  }
  for (const method of ["PUT", "PATCH", "post", "PURGE"]) {
    assert.equal(await afterRefusal(method, {}, {}, false), "expired", method);
  }
  for (const method of ["HEAD", "OPTIONS", "get"]) {
    assert.equal(await afterRefusal(method, {}, {}, false), "repeated", method);
  }
});

test("a token that names nobody is renewed for the next call", async () => {
  await using auth = await serve((_, count) => ({ body: { token: tokenOf({ serial: count }) } }));
  await using api = await serve((_, count) => (count === 1 ? { status: 401 } : ok()));
  const call = createApiClient({ authClient: authClientOf(auth.url), baseURL: api.url });
  assert.equal((await failure(call("/tasks", { method: "POST" }))).status, 401);
  assert.equal((await call("/tasks", { method: "POST" })).status, 200);
  assert.equal(auth.arrived.length, 2);
});

test("a call that waits for its token while the user may change is made only if it changes nothing", async () => {
  for (const [method, expected] of [
    ["POST", "session_changed"],
    ["GET", "made"],
  ] as const) {
    const first = promised();
    await using auth = await serve(async (_, count) => {
      if (count === 1) await first.promise;
      return { body: { token: tokenOf({ serial: count }) } };
    });
    await using api = await serve(ok);
    const authClient = authClientOf(auth.url);
    const call = createApiClient({ authClient, baseURL: api.url });
    const begun = call("/tasks", { method });
    await until(() => auth.arrived.length === 1);
    authClient.signal();
    first.resolve();
    if (expected === "made") assert.equal((await begun).status, 200);
    else assert.equal((await failure(begun)).code, expected);
  }
});

test("who aborts stops waiting for the token and disturbs nobody else", async () => {
  const answer = promised();
  await using auth = await serve(async () => {
    await answer.promise;
    return { body: { token: token({}) } };
  });
  await using api = await serve(ok);
  const call = createApiClient({ authClient: authClientOf(auth.url), baseURL: api.url });
  const abort = new AbortController();
  const aborted = call("/first", { signal: abort.signal });
  const other = call("/second");
  await until(() => auth.arrived.length === 1);
  const reason = new Error("changed my mind");
  abort.abort(reason);
  await assert.rejects(aborted, reason);
  answer.resolve();
  assert.equal((await other).status, 200);
  assert.deepEqual(
    api.arrived.map(({ path }) => path),
    ["/second"],
  );
  await assert.rejects(call("/third", { signal: abort.signal }), reason);
  assert.equal(auth.arrived.length, 1);
});

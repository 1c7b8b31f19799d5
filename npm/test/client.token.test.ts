/** The API client's tokens, against real servers: when it fetches one, and whose token it uses. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createApiClient } from "../src/client/index.ts";
import {
  authClientFor,
  authorizations,
  closedUrl,
  deferred,
  failure,
  fakeClock,
  ok,
  serve,
  subjects,
  token,
  tokenOf,
  tokens,
  until,
} from "./servers.ts";

test("no token is fetched before the first call", async () => {
  await using auth = await tokens();
  createApiClient({ authClient: authClientFor(auth.url), baseURL: "http://127.0.0.1:9" });
  assert.equal(auth.requests.length, 0);
});

test("concurrent and later calls share one token", async () => {
  await using auth = await tokens();
  await using api = await serve(ok);
  const call = createApiClient({ authClient: authClientFor(auth.url), baseURL: api.url });
  await Promise.all(Array.from({ length: 10 }, () => call("/tasks")));
  await call("/tasks");
  assert.equal(auth.requests.length, 1);
  assert.equal(new Set(authorizations(api.requests)).size, 1);
  assert.match(api.requests[0]?.headers.authorization ?? "", /^Bearer ey/);
});

test("after a 401 the token is renewed and the call is repeated once, with its body", async () => {
  await using auth = await tokens();
  await using api = await serve((_, count) => (count === 1 ? { status: 401 } : ok()));
  const call = createApiClient({ authClient: authClientFor(auth.url), baseURL: api.url });
  await call.json("/tasks", { method: "POST", json: { title: "Rest" } });
  const [first, second] = api.requests;
  assert.notEqual(first?.headers.authorization, second?.headers.authorization);
  assert.equal(second?.body, first?.body);
  assert.deepEqual([auth.requests.length, api.requests.length], [2, 2]);
});

test("a call that is rejected twice is not repeated again", async () => {
  await using auth = await tokens();
  await using api = await serve(() => ({ status: 401, body: { code: "audience_mismatch" } }));
  const call = createApiClient({ authClient: authClientFor(auth.url), baseURL: api.url });
  assert.equal((await failure(call("/tasks"))).code, "audience_mismatch");
  assert.deepEqual([auth.requests.length, api.requests.length], [2, 2]);
});

test("concurrent rejected calls renew the token once", async () => {
  await using auth = await tokens();
  let rejected: string | undefined;
  await using api = await serve(({ headers }) => {
    rejected ??= headers.authorization;
    return headers.authorization === rejected ? { status: 401 } : ok();
  });
  const call = createApiClient({ authClient: authClientFor(auth.url), baseURL: api.url });
  await Promise.all(Array.from({ length: 10 }, () => call("/tasks")));
  assert.equal(auth.requests.length, 2);
});

test("a token is renewed before it expires, and calls use the old one meanwhile", async () => {
  const renewal = deferred();
  await using auth = await serve(async (_, count) => {
    if (count === 2) await renewal.promise;
    return { body: { token: token({ exp: 900 }, count) } };
  });
  await using api = await serve(ok);
  const call = createApiClient({ authClient: authClientFor(auth.url), baseURL: api.url });
  const clock = fakeClock();
  try {
    await call("/tasks");
    clock.advance(850_000);
    await call("/tasks");
    await call("/tasks");
    assert.equal(new Set(authorizations(api.requests)).size, 1);
    renewal.resolve();
    await until(() => auth.requests.length === 2);
    await until(async () => {
      await call("/tasks");
      return new Set(authorizations(api.requests)).size === 2;
    });
    assert.equal(auth.requests.length, 2);
  } finally {
    clock.restore();
  }
});

test("a wrong clock in the browser changes nothing", async () => {
  for (const skew of [-86_400, 86_400]) {
    await using auth = await serve((_, count) => ({
      body: { token: token({ iat: skew, exp: skew + 900 }, count) },
    }));
    await using api = await serve(ok);
    const call = createApiClient({ authClient: authClientFor(auth.url), baseURL: api.url });
    await call("/tasks");
    await call("/tasks");
    assert.equal(auth.requests.length, 1, `${skew} s`);
  }
});

test("an expired token is not sent", async () => {
  await using auth = await tokens({ exp: 900 });
  await using api = await serve(ok);
  const call = createApiClient({ authClient: authClientFor(auth.url), baseURL: api.url });
  const clock = fakeClock();
  try {
    await call("/tasks");
    clock.advance(900_000);
    await call("/tasks");
  } finally {
    clock.restore();
  }
  assert.equal(new Set(authorizations(api.requests)).size, 2);
});

test("while Better Auth is down, the cached token is used until it expires", async () => {
  let isDown = false;
  await using auth = await serve((_, count) =>
    isDown ? { status: 503, body: {} } : { body: { token: token({ exp: 900 }, count) } },
  );
  await using api = await serve(ok);
  const call = createApiClient({ authClient: authClientFor(auth.url), baseURL: api.url });
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
  assert.equal(api.requests.length, 3);
});

test("an auth server that is down or returns no token is reported as token_unavailable", async () => {
  await using api = await serve(ok);
  await using odd = await serve(() => ({ body: { tokens: [] } }));
  for (const [url, status] of [
    [await closedUrl(), 0],
    [odd.url, 0],
  ] as const) {
    const call = createApiClient({ authClient: authClientFor(url), baseURL: api.url });
    const error = await failure(call("/tasks"));
    assert.deepEqual([error.code, error.status], ["token_unavailable", status]);
  }
  assert.equal(api.requests.length, 0);
});

test("an auth server that does not respond times out, and the next call tries again", async () => {
  let isAwake = false;
  await using auth = await serve(async () => {
    if (!isAwake) await new Promise(() => {});
    return { body: { token: token({}) } };
  });
  await using api = await serve(ok);
  const call = createApiClient({ authClient: authClientFor(auth.url), baseURL: api.url });

  const { timeout } = AbortSignal;
  AbortSignal.timeout = (milliseconds) => timeout.call(AbortSignal, milliseconds / 100);
  try {
    assert.equal((await failure(call("/tasks"))).code, "token_unavailable");
  } finally {
    AbortSignal.timeout = timeout;
  }

  isAwake = true;
  assert.equal((await call("/tasks")).status, 200);
});

test("without a session the call fails with signed_out and sends no request", async () => {
  await using auth = await serve(() => ({ status: 401, body: {} }));
  await using api = await serve(ok);
  const call = createApiClient({ authClient: authClientFor(auth.url), baseURL: api.url });
  assert.equal((await failure(call("/tasks"))).code, "signed_out");
  assert.equal(api.requests.length, 0);
});

test("after a sign-out the old token is not used, whether the auth client or the caller reports it", async () => {
  for (const how of ["signal", "forgetToken"] as const) {
    let user: string | undefined = "ada";
    await using auth = await serve(() =>
      user ? { body: { token: token({ sub: user }) } } : { status: 401, body: {} },
    );
    await using api = await serve(ok);
    const authClient = authClientFor(auth.url);
    const call = createApiClient({ authClient, baseURL: api.url });
    await call("/tasks");
    user = undefined;
    if (how === "signal") authClient.signal();
    else call.forgetToken();
    assert.equal((await failure(call("/tasks"))).code, "signed_out");
    user = "bob";
    await call("/tasks");
    assert.deepEqual(subjects(api.requests), ["ada", "bob"]);
  }
});

test("a sign-out in another tab clears the token in this one", async () => {
  const tab = new EventTarget();
  Object.assign(globalThis, { window: tab });
  try {
    await using auth = await tokens();
    await using api = await serve(ok);
    const call = createApiClient({ authClient: authClientFor(auth.url), baseURL: api.url });
    await call("/tasks");
    tab.dispatchEvent(Object.assign(new Event("storage"), { key: "theme" }));
    await call("/tasks");
    assert.equal(auth.requests.length, 1);
    tab.dispatchEvent(Object.assign(new Event("storage"), { key: "better-auth.message" }));
    await call("/tasks");
    assert.equal(auth.requests.length, 2);
  } finally {
    Reflect.deleteProperty(globalThis, "window");
  }
});

test("a token that was requested before the user changed is not used", async () => {
  const first = deferred();
  await using auth = await serve(async (_, count) => {
    if (count === 1) await first.promise;
    return { body: { token: token({ sub: count === 1 ? "ada" : "bob" }) } };
  });
  await using api = await serve(ok);
  const authClient = authClientFor(auth.url);
  const call = createApiClient({ authClient, baseURL: api.url });
  const pending = call("/api/ada/tasks");
  await until(() => auth.requests.length === 1);
  authClient.signal();
  first.resolve();
  assert.equal((await failure(pending)).code, "session_changed");
  await call("/api/bob/tasks");
  assert.deepEqual(subjects(api.requests), ["bob"]);
});

test("a sign-in that is reported late does not fail the calls after it", async () => {
  const first = deferred();
  await using auth = await serve(async (_, count) => {
    if (count === 1) await first.promise;
    return { body: { token: token({}, count) } };
  });
  await using api = await serve(ok);
  const authClient = authClientFor(auth.url);
  const call = createApiClient({ authClient, baseURL: api.url });
  const pending = call("/tasks");
  await until(() => auth.requests.length === 1);
  authClient.signal();
  first.resolve();
  assert.equal((await pending).status, 200);
});

test("a call is never repeated as another user", async () => {
  let user = "ada";
  await using auth = await serve(() => ({ body: { token: token({ sub: user }) } }));
  await using api = await serve(() => {
    user = "bob";
    return { status: 401 };
  });
  const call = createApiClient({ authClient: authClientFor(auth.url), baseURL: api.url });
  const init = { method: "POST", json: { title: "Ada's" } };
  assert.equal((await failure(call.json("/tasks", init))).code, "session_changed");
  assert.deepEqual(subjects(api.requests), ["ada"]);
});

/**
 * The claims of a rejected token and of the next one, and the outcome for unsafe and safe methods.
 */
const RENEWALS: [first: object, second: object, unsafe: string, safe: string][] = [
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

async function afterRejection(method: string, first: object, second: object, asRequest: boolean) {
  await using auth = await serve((_, count) => ({
    body: { token: tokenOf(count === 1 ? first : second) },
  }));
  await using api = await serve((_, count) =>
    count === 1 ? { status: 401, body: { code: "expired" } } : ok(),
  );
  const call = createApiClient({ authClient: authClientFor(auth.url), baseURL: api.url });
  const url = `${api.url}/tasks`;
  const called = asRequest ? call(new Request(url, { method })) : call(url, { method });
  const outcome = await called.then(
    () => "repeated",
    ({ code }) => code,
  );
  assert.equal(api.requests.length, outcome === "repeated" ? 2 : 1);
  return outcome;
}

test("an unsafe call is repeated only if both tokens identify the same user", async () => {
  for (const [first, second, unsafe, safe] of RENEWALS) {
    const what = JSON.stringify([first, second]);
    assert.equal(await afterRejection("POST", first, second, false), unsafe, what);
    assert.equal(await afterRejection("DELETE", first, second, true), unsafe, what);
    assert.equal(await afterRejection("GET", first, second, true), safe, what);
  }
  for (const method of ["PUT", "PATCH", "post", "PURGE"]) {
    assert.equal(await afterRejection(method, {}, {}, false), "expired", method);
  }
  for (const method of ["HEAD", "OPTIONS", "get"]) {
    assert.equal(await afterRejection(method, {}, {}, false), "repeated", method);
  }
});

test("a rejected token that identifies no user is renewed for the next call", async () => {
  await using auth = await serve((_, count) => ({ body: { token: tokenOf({ serial: count }) } }));
  await using api = await serve((_, count) => (count === 1 ? { status: 401 } : ok()));
  const call = createApiClient({ authClient: authClientFor(auth.url), baseURL: api.url });
  assert.equal((await failure(call("/tasks", { method: "POST" }))).status, 401);
  assert.equal((await call("/tasks", { method: "POST" })).status, 200);
  assert.equal(auth.requests.length, 2);
});

test("a call that waits for its token while the user may change is sent only if it is safe", async () => {
  for (const [method, expected] of [
    ["POST", "session_changed"],
    ["GET", "sent"],
  ] as const) {
    const first = deferred();
    await using auth = await serve(async (_, count) => {
      if (count === 1) await first.promise;
      return { body: { token: tokenOf({ serial: count }) } };
    });
    await using api = await serve(ok);
    const authClient = authClientFor(auth.url);
    const call = createApiClient({ authClient, baseURL: api.url });
    const pending = call("/tasks", { method });
    await until(() => auth.requests.length === 1);
    authClient.signal();
    first.resolve();
    if (expected === "sent") assert.equal((await pending).status, 200);
    else assert.equal((await failure(pending)).code, expected);
  }
});

test("an aborted call stops waiting for the token, and other callers get it", async () => {
  const response = deferred();
  await using auth = await serve(async () => {
    await response.promise;
    return { body: { token: token({}) } };
  });
  await using api = await serve(ok);
  const call = createApiClient({ authClient: authClientFor(auth.url), baseURL: api.url });
  const abort = new AbortController();
  const aborted = call("/first", { signal: abort.signal });
  const other = call("/second");
  await until(() => auth.requests.length === 1);
  const reason = new Error("changed my mind");
  abort.abort(reason);
  await assert.rejects(aborted, reason);
  response.resolve();
  assert.equal((await other).status, 200);
  assert.deepEqual(
    api.requests.map(({ path }) => path),
    ["/second"],
  );
  await assert.rejects(call("/third", { signal: abort.signal }), reason);
  assert.equal(auth.requests.length, 1);
});

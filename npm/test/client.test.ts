/** The API client against real servers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError, createApiClient } from "../src/client/index.ts";
import { type Arrived, authClientOf, promised, serve, token } from "./client.servers.ts";

const ok = () => ({ body: { ok: true } });

/** A token endpoint whose tokens differ by their serial number. */
const tokens = (claims: Parameters<typeof token>[0] = {}) =>
  serve((_, count) => ({ body: { token: token(claims, count) } }));

const bearers = (arrived: Arrived[]) => arrived.map(({ headers }) => headers.authorization);

async function failure(promise: Promise<unknown>): Promise<ApiError> {
  const error = await promise.then(
    () => assert.fail("it did not fail"),
    (error: unknown) => error,
  );
  assert.ok(error instanceof ApiError, String(error));
  return error;
}

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

test("JSON goes out and comes back as it is, an empty answer as undefined", async () => {
  await using auth = await tokens();
  await using api = await serve(({ method }) =>
    method === "DELETE" ? { status: 204 } : { status: 201, body: { id: 7 } },
  );
  const call = createApiClient({ authClient: authClientOf(auth.url), baseURL: api.url });
  const init = { method: "POST", json: { title: "Rest" } };
  assert.deepEqual(await call.json<{ id: number }>("/tasks", init), { id: 7 });
  assert.equal(await call.json("/tasks/7", { method: "DELETE" }), undefined);
  const [post] = api.arrived;
  assert.equal(post?.body, '{"title":"Rest"}');
  assert.equal(post?.headers["content-type"], "application/json");
  assert.equal(post?.headers.accept, "application/json");
});

test("an answer that is no JSON is an error that says so", async () => {
  await using auth = await tokens();
  await using api = await serve(() => ({ body: "<p>hello</p>" }));
  const call = createApiClient({ authClient: authClientOf(auth.url), baseURL: api.url });
  const error = await failure(call.json("/"));
  assert.deepEqual([error.code, error.status], ["invalid_json", 200]);
});

test("a problem response becomes an error that carries it", async () => {
  await using auth = await tokens();
  const problem = {
    type: "https://example.com/errors#user_mismatch",
    title: "This path belongs to another user",
    status: 403,
    code: "user_mismatch",
    detail: "the path's user_id is not the token's uuid",
    request_id: "abc",
  };
  await using api = await serve(() => ({
    status: 403,
    headers: { "content-type": "application/problem+json", "retry-after": "7" },
    body: JSON.stringify(problem),
  }));
  const call = createApiClient({ authClient: authClientOf(auth.url), baseURL: api.url });
  const error = await failure(call("/api/bob/tasks"));
  assert.deepEqual(error.problem, problem);
  const { code, status, detail, requestId, retryAfter, message } = error;
  assert.deepEqual(
    { code, status, detail, requestId, retryAfter, message },
    {
      code: "user_mismatch",
      status: 403,
      detail: problem.detail,
      requestId: "abc",
      retryAfter: 7,
      message: `${problem.title}: ${problem.detail}`,
    },
  );
  assert.equal(error.response?.headers.get("retry-after"), "7");
});

test("FastAPI's own errors keep their detail, and pages of a proxy are not quoted", async () => {
  await using auth = await tokens();
  const detail = [{ loc: ["body", "title"], msg: "Field required", type: "missing" }];
  await using api = await serve(({ path }) =>
    path === "/page"
      ? { status: 502, headers: { "content-type": "text/html" }, body: "<h1>Bad gateway</h1>" }
      : {
          status: path === "/missing" ? 404 : 422,
          body: path === "/missing" ? { detail: "Not Found" } : { detail },
        },
  );
  const call = createApiClient({ authClient: authClientOf(auth.url), baseURL: api.url });
  const invalid = await failure(call("/tasks"));
  assert.deepEqual([invalid.code, invalid.status], ["http_error", 422]);
  assert.deepEqual(invalid.problem?.detail, detail);
  assert.equal(invalid.detail, undefined);
  assert.equal((await failure(call("/missing"))).detail, "Not Found");
  const page = await failure(call("/page"));
  assert.equal(page.message, "The API answered 502 Bad Gateway");
  assert.equal(page.problem, undefined);
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

test("a Request is repeated with its body; a stream is sent once, and the token renewed after it", async () => {
  await using auth = await tokens();
  let refusals = 1;
  await using api = await serve(() => (refusals-- > 0 ? { status: 401 } : ok()));
  const call = createApiClient({ authClient: authClientOf(auth.url), baseURL: api.url });
  const request = new Request(`${api.url}/tasks`, { method: "PUT", body: "rest" });
  assert.equal((await call(request)).status, 200);
  assert.deepEqual(
    api.arrived.map(({ method, body }) => [method, body]),
    [
      ["PUT", "rest"],
      ["PUT", "rest"],
    ],
  );

  refusals = 1;
  const body = new Blob(["rest"]).stream();
  const init = { method: "PUT", body, duplex: "half" } as RequestInit;
  assert.equal((await failure(call("/tasks", init))).status, 401);
  assert.equal(api.arrived.length, 3);
  await call("/tasks");
  assert.equal(auth.arrived.length, 3);
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

test("an abort reaches the call itself", async () => {
  await using auth = await tokens();
  const answer = promised();
  await using api = await serve(async () => {
    await answer.promise;
    return {};
  });
  const call = createApiClient({ authClient: authClientOf(auth.url), baseURL: api.url });
  const abort = new AbortController();
  const begun = call("/tasks", { signal: abort.signal });
  await until(() => api.arrived.length === 1);
  abort.abort();
  await assert.rejects(begun, { name: "AbortError" });
  answer.resolve();
});

test("paths are below the base URL's path, with or without slashes", async () => {
  await using auth = await tokens();
  await using api = await serve(ok);
  const authClient = authClientOf(auth.url);
  for (const baseURL of [`${api.url}/v1`, new URL(`${api.url}/v1/`)]) {
    const call = createApiClient({ authClient, baseURL });
    api.arrived.length = 0;
    await call("/tasks?done=1");
    await call("tasks");
    await call(`${api.url}/v1/tasks`);
    await call(new URL(`${api.url}/v1`));
    await call("");
    // below the base, whatever it looks like
    await call("//evil.example/x");
    assert.deepEqual(
      api.arrived.map(({ path }) => path),
      ["/v1/tasks?done=1", "/v1/tasks", "/v1/tasks", "/v1", "/v1/", "/v1//evil.example/x"],
    );
  }
});

test("no other origin gets the token, nor what is not below the base URL", async () => {
  await using auth = await tokens();
  await using api = await serve(ok);
  await using evil = await serve(ok);
  const call = createApiClient({ authClient: authClientOf(auth.url), baseURL: `${api.url}/v1` });
  const { host, port } = new URL(api.url);
  for (const input of [
    evil.url,
    new URL(evil.url),
    new Request(evil.url),
    `http://user:word@${host}/v1/tasks`,
    `https://${host}/v1/tasks`,
    `http://localhost:${port}/v1/tasks`,
    `HTTP:${evil.url.slice(5)}`,
    "javascript:alert(1)",
    "data:,x",
    `${api.url}/v2/tasks`,
    `${api.url}/v10`,
    "../v2/tasks",
    "/tasks/../../v2",
    "tasks/%2e%2e/%2e%2e/v2",
  ]) {
    assert.equal((await failure(call(input))).code, "foreign_url", String(input));
  }
  assert.deepEqual([auth.arrived, api.arrived, evil.arrived], [[], [], []]);
});

test("redirects are not followed, wherever they lead", async () => {
  await using auth = await tokens();
  await using evil = await serve(ok);
  await using api = await serve(({ path }) =>
    path === "/tasks"
      ? { status: 307, headers: { location: `${evil.url}/tasks/` } }
      : { status: 302, headers: { location: "/tasks/" } },
  );
  const call = createApiClient({ authClient: authClientOf(auth.url), baseURL: api.url });
  for (const input of ["/tasks", "/other", new Request(`${api.url}/tasks`)]) {
    assert.equal((await failure(call(input))).code, "redirected");
  }
  assert.deepEqual([api.arrived.length, evil.arrived.length], [3, 0]);
});

test("a header Authorization of the caller's is replaced, all others are kept", async () => {
  await using auth = await tokens();
  await using api = await serve(ok);
  const call = createApiClient({ authClient: authClientOf(auth.url), baseURL: api.url });
  const headers = { Authorization: "Bearer mine", "x-trace": "1" };
  await call("/tasks", { headers });
  await call(new Request(`${api.url}/tasks`, { headers }));
  for (const { headers } of api.arrived) {
    assert.match(headers.authorization ?? "", /^Bearer ey/);
    assert.equal(headers["x-trace"], "1");
  }
});

test("no error shows the token", async () => {
  const secret = token({ sub: "secret" });
  await using auth = await serve(() => ({ body: { token: secret } }));
  await using api = await serve(() => ({ status: 418 }));
  const call = createApiClient({ authClient: authClientOf(auth.url), baseURL: api.url });
  const error = await failure(call("/tasks"));
  const { inspect } = await import("node:util");
  assert.ok(
    !`${inspect(error, { depth: 9 })}${error.stack}${JSON.stringify(error)}`.includes(secret),
  );
});

test("a base URL that is none is refused at once", () => {
  const authClient = authClientOf("http://127.0.0.1:9");
  for (const baseURL of ["", "/api", "ftp://x", "http://a:b@x", "http://x?y", "http://x#y"]) {
    assert.throws(() => createApiClient({ authClient, baseURL }), TypeError, baseURL);
  }
});

function subjects(arrived: Arrived[]): unknown[] {
  return arrived.map(({ headers }) => {
    const payload = headers.authorization?.split(".")[1] ?? "";
    return JSON.parse(Buffer.from(payload, "base64url").toString()).sub;
  });
}

/** Time as the client sees it, moved on by hand. */
function fakeClock() {
  const { now } = Date;
  const performanceNow = performance.now;
  let ahead = 0;
  Date.now = () => now() + ahead;
  performance.now = () => performanceNow.call(performance) + ahead;
  return {
    advance: (milliseconds: number) => {
      ahead += milliseconds;
    },
    restore: () => {
      Date.now = now;
      performance.now = performanceNow;
    },
  };
}

async function until(holds: () => boolean): Promise<void> {
  await settled(async () => holds());
}

/** Tries again until it holds; node's own time limit for tests ends what never does. */
async function settled(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** The API client against real servers: the requests that it sends, and how it reads responses. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createApiClient } from "../src/client/index.ts";
import { authClientFor, deferred, failure, ok, serve, token, tokens, until } from "./servers.ts";

test("JSON is sent and received unchanged, and an empty response is undefined", async () => {
  await using auth = await tokens();
  await using api = await serve(({ method }) =>
    method === "DELETE" ? { status: 204 } : { status: 201, body: { id: 7 } },
  );
  const call = createApiClient({ authClient: authClientFor(auth.url), baseURL: api.url });
  const init = { method: "POST", json: { title: "Rest" } };
  assert.deepEqual(await call.json<{ id: number }>("/tasks", init), { id: 7 });
  assert.equal(await call.json("/tasks/7", { method: "DELETE" }), undefined);
  const [post] = api.requests;
  assert.equal(post?.body, '{"title":"Rest"}');
  assert.equal(post?.headers["content-type"], "application/json");
  assert.equal(post?.headers.accept, "application/json");
});

test("a response that is not JSON is an error with its own code", async () => {
  await using auth = await tokens();
  await using api = await serve(() => ({ body: "<p>hello</p>" }));
  const call = createApiClient({ authClient: authClientFor(auth.url), baseURL: api.url });
  const error = await failure(call.json("/"));
  assert.deepEqual([error.code, error.status], ["invalid_json", 200]);
});

test("the error for a problem response contains its members", async () => {
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
  const call = createApiClient({ authClient: authClientFor(auth.url), baseURL: api.url });
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

test("FastAPI's own errors keep their detail, and a proxy's error page is not quoted", async () => {
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
  const call = createApiClient({ authClient: authClientFor(auth.url), baseURL: api.url });
  const invalid = await failure(call("/tasks"));
  assert.deepEqual([invalid.code, invalid.status], ["http_error", 422]);
  assert.deepEqual(invalid.problem?.detail, detail);
  assert.equal(invalid.detail, undefined);
  assert.equal((await failure(call("/missing"))).detail, "Not Found");
  const page = await failure(call("/page"));
  assert.equal(page.message, "The API responded with 502 Bad Gateway");
  assert.equal(page.problem, undefined);
});

test("a Request is repeated with its body; a stream is sent once, and the next call renews the token", async () => {
  await using auth = await tokens();
  let rejections = 1;
  await using api = await serve(() => (rejections-- > 0 ? { status: 401 } : ok()));
  const call = createApiClient({ authClient: authClientFor(auth.url), baseURL: api.url });
  const request = new Request(`${api.url}/tasks`, { method: "PUT", body: "rest" });
  assert.equal((await call(request)).status, 200);
  assert.deepEqual(
    api.requests.map(({ method, body }) => [method, body]),
    [
      ["PUT", "rest"],
      ["PUT", "rest"],
    ],
  );

  rejections = 1;
  const body = new Blob(["rest"]).stream();
  const init = { method: "PUT", body, duplex: "half" } as RequestInit;
  assert.equal((await failure(call("/tasks", init))).status, 401);
  assert.equal(api.requests.length, 3);
  await call("/tasks");
  assert.equal(auth.requests.length, 3);
});

test("an abort cancels the request itself", async () => {
  await using auth = await tokens();
  const response = deferred();
  await using api = await serve(async () => {
    await response.promise;
    return {};
  });
  const call = createApiClient({ authClient: authClientFor(auth.url), baseURL: api.url });
  const abort = new AbortController();
  const pending = call("/tasks", { signal: abort.signal });
  await until(() => api.requests.length === 1);
  abort.abort();
  await assert.rejects(pending, { name: "AbortError" });
  response.resolve();
});

test("paths resolve below the base URL's path, with or without slashes", async () => {
  await using auth = await tokens();
  await using api = await serve(ok);
  const authClient = authClientFor(auth.url);
  for (const baseURL of [`${api.url}/v1`, new URL(`${api.url}/v1/`)]) {
    const call = createApiClient({ authClient, baseURL });
    api.requests.length = 0;
    await call("/tasks?done=1");
    await call("tasks");
    await call(`${api.url}/v1/tasks`);
    await call(new URL(`${api.url}/v1`));
    await call("");
    // below the base URL, although it looks like another host
    await call("//evil.example/x");
    assert.deepEqual(
      api.requests.map(({ path }) => path),
      ["/v1/tasks?done=1", "/v1/tasks", "/v1/tasks", "/v1", "/v1/", "/v1//evil.example/x"],
    );
  }
});

test("the token is sent neither to another origin nor outside the base URL", async () => {
  await using auth = await tokens();
  await using api = await serve(ok);
  await using evil = await serve(ok);
  const call = createApiClient({ authClient: authClientFor(auth.url), baseURL: `${api.url}/v1` });
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
  assert.deepEqual([auth.requests, api.requests, evil.requests], [[], [], []]);
});

test("the client follows no redirect, to the same origin and to others", async () => {
  await using auth = await tokens();
  await using evil = await serve(ok);
  await using api = await serve(({ path }) =>
    path === "/tasks"
      ? { status: 307, headers: { location: `${evil.url}/tasks/` } }
      : { status: 302, headers: { location: "/tasks/" } },
  );
  const call = createApiClient({ authClient: authClientFor(auth.url), baseURL: api.url });
  for (const input of ["/tasks", "/other", new Request(`${api.url}/tasks`)]) {
    assert.equal((await failure(call(input))).code, "redirected");
  }
  assert.deepEqual([api.requests.length, evil.requests.length], [3, 0]);
});

test("the caller's Authorization header is replaced, and all others are sent", async () => {
  await using auth = await tokens();
  await using api = await serve(ok);
  const call = createApiClient({ authClient: authClientFor(auth.url), baseURL: api.url });
  const headers = { Authorization: "Bearer mine", "x-trace": "1" };
  await call("/tasks", { headers });
  await call(new Request(`${api.url}/tasks`, { headers }));
  for (const { headers } of api.requests) {
    assert.match(headers.authorization ?? "", /^Bearer ey/);
    assert.equal(headers["x-trace"], "1");
  }
});

test("no error contains the token", async () => {
  const secret = token({ sub: "secret" });
  await using auth = await serve(() => ({ body: { token: secret } }));
  await using api = await serve(() => ({ status: 418 }));
  const call = createApiClient({ authClient: authClientFor(auth.url), baseURL: api.url });
  const error = await failure(call("/tasks"));
  const { inspect } = await import("node:util");
  assert.ok(
    !`${inspect(error, { depth: 9 })}${error.stack}${JSON.stringify(error)}`.includes(secret),
  );
});

test("a base URL that is not an http(s) URL is rejected at once", () => {
  const authClient = authClientFor("http://127.0.0.1:9");
  for (const baseURL of ["", "/api", "ftp://x", "http://a:b@x", "http://x?y", "http://x#y"]) {
    assert.throws(() => createApiClient({ authClient, baseURL }), TypeError, baseURL);
  }
});

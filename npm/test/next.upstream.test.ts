/** How the middleware forwards requests to an upstream: with real servers, without Next.js. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { createMiddleware, type MiddlewareOptions } from "better-auth-edge/next";
import { type NextFetchEvent, NextRequest } from "next/server.js";
import { newSigner } from "./tokens.ts";

const APP = "https://app.example";
const EVENT = { waitUntil() {} } as unknown as NextFetchEvent;
const keys = [newSigner("EdDSA").jwk];

interface Sent extends Partial<MiddlewareOptions> {
  method?: string;
  headers?: Record<string, string>;
  body?: BodyInit;
  basePath?: string;
}

/** The middleware's response to a request. One rule forwards every request to the upstream. */
function sent(path: string, { method, headers, body, basePath, ...more }: Sent) {
  const middleware = createMiddleware({
    baseURL: "https://auth.example",
    jwks: { keys },
    logLevel: "none",
    routes: [{ path: "/*", auth: "public", to: "origin" }],
    ...more,
  });
  const init = {
    method,
    headers: { host: new URL(APP).host, ...headers },
    body,
    duplex: "half",
    nextConfig: basePath === undefined ? undefined : { basePath },
  };
  const url = `${APP}${basePath ?? ""}${path}`;
  const request = new NextRequest(url, init as ConstructorParameters<typeof NextRequest>[1]);
  return middleware(request, EVENT);
}

describe("redirects of FastAPI", () => {
  let upstream: string;
  let fastapi: ChildProcess;

  before(async () => {
    const root = fileURLToPath(new URL("../..", import.meta.url));
    const python = process.env.PYTHON ?? join(root, ".venv/bin/python");
    const program = join(root, "xtask/tests/origins/redirects.py");
    fastapi = spawn(python, [program], {
      env: {
        ...process.env,
        PYTHONPATH: join(root, "examples/fullstack/api"),
        PYTHONDONTWRITEBYTECODE: "1",
      },
      // the server ends when its standard input closes
      stdio: ["pipe", "pipe", "inherit"],
    });
    let log = "";
    upstream = await new Promise<string>((resolve, reject) => {
      fastapi.on("exit", () => reject(new Error(log)));
      fastapi.stdout?.on("data", (chunk) => {
        log += chunk;
        const url = /FastAPI listening on (\S+)/.exec(log)?.[1];
        if (url) resolve(url);
      });
    });
  });
  after(() => fastapi.kill());

  test("lead back to the application if they add a slash", async () => {
    for (const prefix of ["", "/v1"]) {
      for (const method of ["GET", "POST"]) {
        const response = await sent("/api/u/tasks?a=b", { method, origin: upstream + prefix });
        assert.equal(response.status, 307);
        assert.equal(response.headers.get("location"), `${APP}/api/u/tasks/?a=b`);
        const target = await sent("/api/u/tasks/", { method, origin: upstream + prefix });
        assert.deepEqual(await target.json(), { method, path: `${prefix}/api/u/tasks/` });
      }
    }
  });

  test("have the application's URL in Content-Location and Refresh too", async () => {
    for (const prefix of ["", "/v1"]) {
      const response = await sent("/api/u/created", { method: "POST", origin: upstream + prefix });
      assert.equal(response.status, 201);
      // uvicorn trusts X-Forwarded-Proto from a proxy on this machine
      const url = `${upstream}${prefix}/api/u/tasks/`.replace("http:", "https:");
      assert.deepEqual(await response.json(), { url });
      assert.equal(response.headers.get("location"), `${APP}/api/u/tasks/`);
      assert.equal(response.headers.get("content-location"), "/api/u/tasks/");
      assert.equal(response.headers.get("refresh"), `5; url=${APP}/api/u/tasks/`);
    }
  });

  test("keep the application's base path", async () => {
    const more = { origin: `${upstream}/v1`, basePath: "/docs" };
    const response = await sent("/api/u/tasks", more);
    assert.equal(response.headers.get("location"), `${APP}/docs/api/u/tasks/`);
    const created = await sent("/api/u/created", { ...more, method: "POST" });
    assert.equal(created.headers.get("content-location"), "/docs/api/u/tasks/");
  });

  test("name the host that Next knows, not a client's X-Forwarded-Host", async () => {
    const headers = { "x-forwarded-host": "evil.example" };
    for (const prefix of ["", "/v1"]) {
      const response = await sent("/api/u/tasks", { origin: upstream + prefix, headers });
      assert.equal(response.headers.get("location"), `${APP}/api/u/tasks/`);
    }
  });

  test("keep their target if it is outside of the upstream's path", async () => {
    for (const target of ["https://b.example/x", `${new URL(upstream).origin}/login`]) {
      const path = `/api/u/to?target=${encodeURIComponent(target)}`;
      const response = await sent(path, { origin: `${upstream}/v1` });
      assert.equal(response.headers.get("location"), target);
    }
    const relative = await sent("/api/u/to?target=next", { origin: upstream });
    assert.equal(relative.headers.get("location"), `${APP}/api/u/next`);
    const broken = await sent("/api/u/to?target=http://[", { origin: upstream });
    assert.deepEqual([broken.status, broken.headers.get("location")], [302, null]);
  });

  test("are forwarded by Next.js with rewriteRedirects: false", async () => {
    const response = await sent("/api/u/tasks", { origin: upstream, rewriteRedirects: false });
    assert.equal(response.headers.get("x-middleware-rewrite"), `${upstream}/api/u/tasks`);
  });
});

describe("an upstream's response", () => {
  let handle: (request: IncomingMessage, response: ServerResponse) => unknown;
  const server = createServer((request, response) => handle(request, response));
  let upstream: string;
  before(async () => {
    await once(server.listen(0, "127.0.0.1"), "listening");
    upstream = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  test("reaches the client with its status, headers and body", async () => {
    handle = (_, response) => {
      response.writeHead(418, {
        "set-cookie": ["a=1", "b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT"],
        "x-middleware-rewrite": "/elsewhere",
        "x-own": "1",
      });
      response.end("own");
    };
    const response = await sent("/x", { origin: upstream });
    assert.deepEqual([response.status, await response.text()], [418, "own"]);
    assert.equal(response.headers.getSetCookie().length, 2);
    assert.equal(response.headers.get("x-own"), "1");
    for (const name of ["x-middleware-rewrite", "connection", "transfer-encoding"]) {
      assert.equal(response.headers.get(name), null, name);
    }
    for (const status of [204, 304]) {
      handle = (_, response) => response.writeHead(status).end();
      const empty = await sent("/x", { origin: upstream });
      assert.deepEqual([empty.status, empty.body], [status, null]);
    }
  });

  test("has no Content-Encoding after fetch decoded it", async () => {
    handle = (request, response) => {
      response.writeHead(200, {
        "content-encoding": "gzip",
        "x-accepted": request.headers["accept-encoding"],
      });
      response.end(gzipSync("text"));
    };
    const response = await sent("/x", {
      origin: upstream,
      headers: { "accept-encoding": "gzip, br" },
    });
    assert.equal(await response.text(), "text");
    assert.equal(response.headers.get("content-encoding"), null);
    assert.equal(response.headers.get("x-accepted"), "identity");
  });

  test("streams in both directions", async () => {
    handle = (request, response) => request.pipe(response);
    let enqueue: ((text: string | null) => void) | undefined;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        enqueue = (text) =>
          text === null ? controller.close() : controller.enqueue(new TextEncoder().encode(text));
      },
    });
    enqueue?.("first");
    const response = await sent("/x", { origin: upstream, method: "POST", body });
    const reader = response.body?.getReader();
    const read = async () => new TextDecoder().decode((await reader?.read())?.value);
    assert.equal(await read(), "first");
    enqueue?.("second");
    assert.equal(await read(), "second");
    enqueue?.(null);
    assert.equal((await reader?.read())?.done, true);
  });

  test("is fetched by Next.js for a WebSocket handshake and after a failed GET", async () => {
    const rewritten = async (more: Sent) =>
      (await sent("/x", more)).headers.get("x-middleware-rewrite");
    assert.equal(
      await rewritten({ origin: upstream, headers: { upgrade: "websocket" } }),
      `${upstream}/x`,
    );
    handle = (request) => request.socket.destroy();
    assert.equal(await rewritten({ origin: upstream }), `${upstream}/x`);
    // the upstream may have handled a POST before it failed
    await assert.rejects(sent("/x", { origin: upstream, method: "POST", body: "once" }));
  });
});

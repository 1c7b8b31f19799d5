/** How the middleware sends requests on to an origin, and its answers back: real servers, without Next around it. */
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

/** What becomes of a request, all of which go to the origin. */
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

describe("redirects of FastAPI's", () => {
  let origin: string;
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
      // it ends with its standard input
      stdio: ["pipe", "pipe", "inherit"],
    });
    let log = "";
    origin = await new Promise<string>((resolve, reject) => {
      fastapi.on("exit", () => reject(new Error(log)));
      fastapi.stdout?.on("data", (chunk) => {
        log += chunk;
        const url = /FastAPI listening on (\S+)/.exec(log)?.[1];
        if (url) resolve(url);
      });
    });
  });
  after(() => fastapi.kill());

  test("lead back to the application where a slash is missing", async () => {
    for (const prefix of ["", "/v1"]) {
      for (const method of ["GET", "POST"]) {
        const answer = await sent("/api/u/tasks?a=b", { method, origin: origin + prefix });
        assert.equal(answer.status, 307);
        assert.equal(answer.headers.get("location"), `${APP}/api/u/tasks/?a=b`);
        const there = await sent("/api/u/tasks/", { method, origin: origin + prefix });
        assert.deepEqual(await there.json(), { method, path: `${prefix}/api/u/tasks/` });
      }
    }
  });

  test("and so do Content-Location and Refresh", async () => {
    for (const prefix of ["", "/v1"]) {
      const answer = await sent("/api/u/created", { method: "POST", origin: origin + prefix });
      assert.equal(answer.status, 201);
      // uvicorn believes a proxy on this machine which scheme the client has used
      const url = `${origin}${prefix}/api/u/tasks/`.replace("http:", "https:");
      assert.deepEqual(await answer.json(), { url });
      assert.equal(answer.headers.get("location"), `${APP}/api/u/tasks/`);
      assert.equal(answer.headers.get("content-location"), "/api/u/tasks/");
      assert.equal(answer.headers.get("refresh"), `5; url=${APP}/api/u/tasks/`);
    }
  });

  test("keep a base path of the application's", async () => {
    const more = { origin: `${origin}/v1`, basePath: "/docs" };
    const answer = await sent("/api/u/tasks", more);
    assert.equal(answer.headers.get("location"), `${APP}/docs/api/u/tasks/`);
    const created = await sent("/api/u/created", { ...more, method: "POST" });
    assert.equal(created.headers.get("content-location"), "/docs/api/u/tasks/");
  });

  test("name the host that Next knows, not the one that a client sends", async () => {
    const headers = { "x-forwarded-host": "evil.example" };
    for (const prefix of ["", "/v1"]) {
      const answer = await sent("/api/u/tasks", { origin: origin + prefix, headers });
      assert.equal(answer.headers.get("location"), `${APP}/api/u/tasks/`);
    }
  });

  test("are left alone where they lead elsewhere", async () => {
    for (const target of ["https://b.example/x", `${new URL(origin).origin}/login`]) {
      const path = `/api/u/to?target=${encodeURIComponent(target)}`;
      const answer = await sent(path, { origin: `${origin}/v1` });
      assert.equal(answer.headers.get("location"), target);
    }
    const relative = await sent("/api/u/to?target=next", { origin });
    assert.equal(relative.headers.get("location"), `${APP}/api/u/next`);
    const broken = await sent("/api/u/to?target=http://[", { origin });
    assert.deepEqual([broken.status, broken.headers.get("location")], [302, null]);
  });

  test("are Next's to pass on where the option says so", async () => {
    const answer = await sent("/api/u/tasks", { origin, rewriteRedirects: false });
    assert.equal(answer.headers.get("x-middleware-rewrite"), `${origin}/api/u/tasks`);
  });
});

describe("an origin's answer", () => {
  let handle: (request: IncomingMessage, response: ServerResponse) => unknown;
  const server = createServer((request, response) => handle(request, response));
  let origin: string;
  before(async () => {
    await once(server.listen(0, "127.0.0.1"), "listening");
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  test("comes back with its status, headers and body", async () => {
    handle = (_, response) => {
      response.writeHead(418, {
        "set-cookie": ["a=1", "b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT"],
        "x-middleware-rewrite": "/elsewhere",
        "x-own": "1",
      });
      response.end("own");
    };
    const answer = await sent("/x", { origin });
    assert.deepEqual([answer.status, await answer.text()], [418, "own"]);
    assert.equal(answer.headers.getSetCookie().length, 2);
    assert.equal(answer.headers.get("x-own"), "1");
    for (const name of ["x-middleware-rewrite", "connection", "transfer-encoding"]) {
      assert.equal(answer.headers.get(name), null, name);
    }
    for (const status of [204, 304]) {
      handle = (_, response) => response.writeHead(status).end();
      const empty = await sent("/x", { origin });
      assert.deepEqual([empty.status, empty.body], [status, null]);
    }
  });

  test("says nothing of an encoding that it has no more", async () => {
    handle = (request, response) => {
      response.writeHead(200, {
        "content-encoding": "gzip",
        "x-accepted": request.headers["accept-encoding"],
      });
      response.end(gzipSync("text"));
    };
    const answer = await sent("/x", { origin, headers: { "accept-encoding": "gzip, br" } });
    assert.equal(await answer.text(), "text");
    assert.equal(answer.headers.get("content-encoding"), null);
    assert.equal(answer.headers.get("x-accepted"), "identity");
  });

  test("streams, and so does what is sent", async () => {
    handle = (request, response) => request.pipe(response);
    let enqueue: ((text: string | null) => void) | undefined;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        enqueue = (text) =>
          text === null ? controller.close() : controller.enqueue(new TextEncoder().encode(text));
      },
    });
    enqueue?.("first");
    const answer = await sent("/x", { origin, method: "POST", body });
    const reader = answer.body?.getReader();
    const read = async () => new TextDecoder().decode((await reader?.read())?.value);
    assert.equal(await read(), "first");
    enqueue?.("second");
    assert.equal(await read(), "second");
    enqueue?.(null);
    assert.equal((await reader?.read())?.done, true);
  });

  test("is Next's to get for a handshake, and where the origin is down", async () => {
    const rewritten = async (more: Sent) =>
      (await sent("/x", more)).headers.get("x-middleware-rewrite");
    assert.equal(await rewritten({ origin, headers: { upgrade: "websocket" } }), `${origin}/x`);
    handle = (request) => request.socket.destroy();
    assert.equal(await rewritten({ origin }), `${origin}/x`);
    // it may have been done already
    await assert.rejects(sent("/x", { origin, method: "POST", body: "once" }));
  });
});

/** `better-auth-edge serve`: connections of clients, and what a client gets beyond the limit. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, request } from "node:http";
import net, { type AddressInfo, connect, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { test } from "node:test";
import { Connection } from "../src/cli/serve/connection.ts";
import { limitsOf } from "../src/cli/serve/limits.ts";
import { type ServedEdge, serveEdge, surroundings, workerdOf } from "./serve.process.ts";
import { deferred, serve, slowServer, until } from "./servers.ts";

const around = surroundings([]);

function settings(origin = around.api): Record<string, string> {
  const ROUTES = JSON.stringify([{ path: "/public/*", auth: "public" }]);
  return { BETTER_AUTH_URL: around.auth, ORIGIN_URL: origin, ROUTES };
}

interface Received {
  status: number | undefined;
  type: string | undefined;
  retryAfter: string | undefined;
  code: string | undefined;
}

/** A request on a connection of its own. */
async function get(url: string, headers = {}): Promise<Received> {
  const [response] = await once(request(url, { agent: false, headers }).end(), "response");
  let body = "";
  for await (const chunk of response.setEncoding("utf8")) body += chunk;
  const { "content-type": type, "retry-after": retryAfter } = response.headers;
  return { status: response.statusCode, type, retryAfter, code: JSON.parse(body).code };
}

/** Opens connections that send nothing, as far as the edge lets it. */
async function idle(edge: ServedEdge, count: number): Promise<Socket[]> {
  const { port } = new URL(edge.url);
  const sockets = Array.from({ length: count }, () => connect(Number(port), "127.0.0.1"));
  const settled = sockets.map(
    (socket) => new Promise((resolve) => socket.once("connect", resolve).once("error", resolve)),
  );
  await Promise.all(settled);
  return sockets;
}

const UNAVAILABLE: Received = {
  status: 503,
  type: "application/problem+json",
  retryAfter: "1",
  code: "edge_unavailable",
};

test("a client with more connections than file descriptors ends neither a process nor a request", async () => {
  const { promise: released, resolve: release } = deferred();
  const slow = await slowServer('{"first":1', "}", released);
  const { origin } = slow;
  await using edge = await serveEdge(settings(origin), [], undefined, "ulimit -n 256");
  try {
    const { connections } = await edge.line(({ event }) => event === "listening");
    assert(Number(connections) < 128, `${connections}`);
    const warning = await edge.line(({ message }) => /limit of open files/.test(String(message)));
    assert.match(String(warning.message), /LimitNOFILE/);
    const accepted = get(`${edge.url}/public/slow`);
    const sockets = await idle(edge, 600);
    assert.deepEqual(await get(`${edge.url}/public/x`), UNAVAILABLE);
    const rejected = await edge.line(({ event }) => event === "connections_rejected");
    assert.equal(rejected.limit, connections);
    for (const socket of sockets) socket.destroy();
    release();
    assert.equal((await accepted).status, 200);
    await until(async () => (await get(`${edge.url}/public/x`)).status === 200);
    assert(!edge.lines.some(({ event }) => event === "process_ended"));
  } finally {
    slow.close();
  }
});

for (const [how, close] of [
  ["end", (socket: Socket) => socket.end()],
  ["are reset", (socket: Socket) => socket.resetAndDestroy()],
] as const) {
  test(`requests of connections that ${how} before the response leave room for others`, async () => {
    const { promise: released, resolve: release } = deferred();
    await using slow = await serve(async () => {
      await released;
      return { body: {} };
    });
    await using edge = await serveEdge(settings(slow.url), [], undefined, "ulimit -n 256");
    const { connections } = await edge.line(({ event }) => event === "listening");
    const { port } = new URL(edge.url);
    for (let count = 0; count < 2 * Number(connections); count++) {
      const socket = connect(Number(port), "127.0.0.1").on("error", () => {});
      socket.write("GET /public/slow HTTP/1.1\r\nhost: x\r\n\r\n");
      await once(socket, "connect");
      await new Promise((resolve) => setTimeout(resolve, 10));
      close(socket);
    }
    // the Worker responds by itself
    await until(async () => (await fetch(`${edge.url}/private`)).status === 401);
    release();
    assert(!edge.lines.some(({ event }) => event === "process_ended"));
  });
}

test("the limits leave file descriptors for everything else", () => {
  for (const files of [256, 1024, 20_000, 1_048_576, Number.POSITIVE_INFINITY]) {
    for (const processes of [1, 4]) {
      const { process, total } = limitsOf(processes, files);
      assert(process * 3 + 64 < files, `${files}: ${process}`);
      assert(total * 2 + 64 < files && total <= process * processes, `${files}: ${total}`);
    }
  }
  assert.deepEqual(limitsOf(1, 10), { process: 1, total: 1 });
});

test("while no process runs, a client gets 503 in the form of the edge", async () => {
  await using edge = await serveEdge(settings());
  for (let ended = 1; ; ended++) {
    for (const pid of workerdOf(edge)) process.kill(pid, "SIGKILL");
    await until(() => edge.lines.filter(({ event }) => event === "process_ended").length >= ended);
    const received = await get(`${edge.url}/public/x`);
    if (received.status !== 200) {
      assert.deepEqual(received, UNAVAILABLE);
      break;
    }
    // it has started again already
    assert(ended < 5);
  }
  await until(async () => (await get(`${edge.url}/public/x`)).status === 200);
});

test("a request's bytes reach the Worker in any pieces", async () => {
  await using edge = await serveEdge(settings());
  const socket = connect(Number(new URL(edge.url).port), "127.0.0.1");
  await once(socket, "connect");
  const head = "GET /public/x HTTP/1.1\r\nhost: a.example\r\nconnection: close\r\n\r\n";
  for (const byte of head) {
    socket.write(byte);
    await new Promise(setImmediate);
  }
  let response = "";
  for await (const chunk of socket.setEncoding("utf8")) response += chunk;
  assert.match(response, /^HTTP\/1\.1 200 OK\r\n/);
});

test("a rejection reaches a client that is still sending its request", async () => {
  await using edge = await serveEdge(settings());
  const body = Buffer.alloc(1_000_000);
  for (let count = 0; count < 50; count++) {
    const response = await fetch(`${edge.url}/private`, { method: "POST", body });
    assert.equal(response.status, 401);
    assert.equal(((await response.json()) as { code: string }).code, "missing_token");
  }
});

test("a body reaches the origin server and the client byte for byte", async () => {
  const echo = createServer((incoming, response) => void incoming.pipe(response));
  await once(echo.listen(0, "127.0.0.1"), "listening");
  const origin = `http://127.0.0.1:${(echo.address() as AddressInfo).port}`;
  await using edge = await serveEdge(settings(origin), ["--processes", "2"]);
  try {
    const bodies = Array.from({ length: 4 }, () => randomBytes(8_000_000));
    await Promise.all(
      bodies.map(async (body) => {
        const response = await fetch(`${edge.url}/public/x`, { method: "POST", body });
        assert(body.equals(Buffer.from(await response.arrayBuffer())));
      }),
    );
  } finally {
    echo.close();
    echo.closeAllConnections();
  }
});

test("a client that takes none of its bytes loses its connection; an idle and a slow one do not", async () => {
  // in place of a process of workerd: an endless response to "all", and an echo of all else
  const path = join(around.directory, "process.sock");
  const chunk = Buffer.alloc(65_536);
  const ended: string[] = [];
  const server = net.createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (data) => {
      const text = String(data);
      socket.once("close", () => ended.push(text));
      if (text === "idle") socket.write(data);
      else Readable.from(repeated(chunk, text === "all")).pipe(socket);
    });
  });
  await once(server.listen(path), "listening");
  const relay = net.createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    const joined = new Connection(path);
    joined.on("error", () => {}).once("connect", () => joined.join(socket, 300));
  });
  // the system buffers less than for a port
  const front = join(around.directory, "front.sock");
  await once(relay.listen(front), "listening");
  const clients: Socket[] = [];
  const client = async (text: string) => {
    const socket = connect(front).on("error", () => {});
    clients.push(socket);
    socket.write(text);
    await once(socket, "readable");
    return socket;
  };
  try {
    const idle = await client("idle");
    assert.equal(String(idle.read()), "idle");
    const slow = await client("slow");
    let taken = 0;
    const read = (async () => {
      for await (const part of slow) {
        taken += part.length;
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    })();
    await client("all");
    await until(() => ended.includes("all"));
    // the others are older
    assert(!ended.includes("idle"));
    idle.write("idle");
    assert.equal(String((await once(idle, "data"))[0]), "idle");
    await read;
    assert.equal(taken, SLOW * chunk.length);
  } finally {
    for (const socket of clients) socket.destroy();
    relay.close();
    server.close();
  }
});

/** Chunks of a response that takes long to read: more than all buffers hold. */
const SLOW = 400;

function* repeated(chunk: Buffer, isEndless: boolean): Generator<Buffer> {
  for (let sent = 0; isEndless || sent < SLOW; sent++) yield chunk;
}

test("serve stops when the npx that runs it has ended", async () => {
  const { PATH, HOME } = process.env;
  const npx = spawn("npx", ["better-auth-edge", "serve", "--port", "0"], {
    cwd: join(import.meta.dirname, "../.."),
    env: { PATH, HOME, ...settings() },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const events: string[] = [];
  const reader = createInterface({ input: npx.stdout });
  reader.on("line", (line) => events.push(JSON.parse(line).event));
  try {
    await until(() => events.includes("listening"));
  } finally {
    npx.kill("SIGTERM");
  }
  // all processes with this output have ended
  await once(npx.stdout, "close");
  assert.deepEqual(events.slice(-2), ["stopping", "stopped"]);
});

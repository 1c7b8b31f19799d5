/** The Model Context Protocol of `mcp`, message by message. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { request, startRaw } from "./cli.mcp.process.ts";
import { runOnTerminal } from "./cli.process.ts";
import { deferred, serve } from "./servers.ts";

const EXPLAIN = { name: "explain", arguments: { code: "expired" } };

test("a request of the current revision needs no earlier message", async () => {
  await using server = startRaw();
  server.send(request("a", "tools/call", EXPLAIN));
  const { id, result } = await server.next();
  assert.deepEqual([id, result.resultType, result.isError], ["a", "complete", false]);
  assert.equal(result.structuredContent.status, 401);
  assert.deepEqual(JSON.parse(result.content[0].text), result.structuredContent);
  assert.equal(result._meta["io.modelcontextprotocol/serverInfo"].name, "better-auth-edge");

  server.send(request(2, "server/discover"));
  const { result: discovered } = await server.next();
  assert.equal(discovered.supportedVersions[0], "2026-07-28");
  assert.deepEqual(discovered.capabilities, { tools: {} });
  server.send(request(3, "tools/list"));
  const { result: listed } = await server.next();
  assert.deepEqual([listed.tools.length, listed.cacheScope], [4, "private"]);
  assert.ok(listed.ttlMs > 0);
});

test("earlier revisions begin with initialize", async () => {
  for (const [asked, agreed] of [
    ["2025-11-25", "2025-11-25"],
    ["2025-06-18", "2025-06-18"],
    ["2024-11-05", "2024-11-05"],
    // the newest one that such a client may know
    ["2025-03-26", "2024-11-05"],
    ["2099-01-01", "2025-11-25"],
  ]) {
    await using server = startRaw();
    const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: EXPLAIN };
    server.send(call);
    assert.equal((await server.next()).error.code, -32602);
    const params = { protocolVersion: asked, capabilities: {}, clientInfo: {} };
    server.send({ jsonrpc: "2.0", id: 2, method: "initialize", params });
    const { result } = await server.next();
    assert.deepEqual([result.protocolVersion, result.capabilities], [agreed, { tools: {} }]);
    server.send({ jsonrpc: "2.0", method: "notifications/initialized" });
    server.send({ jsonrpc: "2.0", id: 3, method: "ping" });
    assert.deepEqual(await server.next(), { jsonrpc: "2.0", id: 3, result: {} });
    server.send({ ...call, id: 4 });
    const called = await server.next();
    assert.deepEqual([called.id, called.result.isError], [4, false]);
    assert.equal(called.result.resultType, undefined);
  }
});

test("an unknown revision is an error that names the known ones", async () => {
  await using server = startRaw();
  const message = request(1, "tools/list");
  message.params._meta["io.modelcontextprotocol/protocolVersion"] = "1900-01-01";
  server.send(message);
  const { error } = await server.next();
  assert.equal(error.code, -32022);
  assert.deepEqual([error.data.supported[0], error.data.requested], ["2026-07-28", "1900-01-01"]);
});

test("a bad message gets an error that does not repeat it, and the server stays", async () => {
  await using server = startRaw();
  const secret = "eyJhbGciOiJFZERTQSJ9.secret-secret-secret";
  for (const [line, code, id] of [
    [secret, -32700, undefined],
    ["[]", -32600, undefined],
    ["null", -32600, undefined],
    [`{"jsonrpc":"2.0","id":null,"method":"${secret}"}`, -32600, undefined],
    [`{"jsonrpc":"2.0","id":{},"method":"${secret}"}`, -32600, undefined],
    [`{"jsonrpc":"1.0","id":1,"method":"${secret}"}`, -32600, undefined],
    ["x".repeat(200_000), -32600, undefined],
    [JSON.stringify(request(1, secret)), -32601, 1],
    [JSON.stringify(request(2, "__proto__")), -32601, 2],
    [JSON.stringify(request(3, "ping")), -32601, 3],
    [JSON.stringify(request(4, "tools/call", { name: secret })), -32602, 4],
    [JSON.stringify(request(5, "tools/call", { name: "explain", arguments: [] })), -32602, 5],
    [JSON.stringify(request(6, "resources/read", { uri: "file:///etc/passwd" })), -32601, 6],
  ] as const) {
    server.write(line);
    const message = await server.next();
    assert.deepEqual([message.error.code, message.id], [code, id], line.slice(0, 80));
    assert.ok(!JSON.stringify(message).includes("secret"));
  }
  server.send(request("last", "tools/call", EXPLAIN));
  assert.equal((await server.next()).result.isError, false);
  const { code, rest, stderr } = await server.end();
  assert.deepEqual([code, rest, stderr], [0, [], ""]);
});

test("notifications and blank lines get no response", async () => {
  await using server = startRaw();
  server.write("");
  server.write("  \r");
  server.send({ jsonrpc: "2.0", method: "notifications/initialized" });
  server.send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 9 } });
  server.send({ jsonrpc: "2.0", method: "tools/call", params: EXPLAIN });
  server.send(request(1, "tools/call", EXPLAIN));
  assert.equal((await server.next()).id, 1);
  assert.deepEqual((await server.end()).rest, []);
});

test("calls run at the same time, and a canceled one gets no response", async () => {
  const arrived = deferred();
  const released = deferred();
  await using slow = await serve(async () => {
    arrived.resolve();
    await released.promise;
    return { body: { keys: [] } };
  });
  await using server = startRaw();
  server.send(request(1, "tools/call", { name: "jwks", arguments: { url: slow.url } }));
  await arrived.promise;
  server.send(request(2, "tools/call", EXPLAIN));
  assert.equal((await server.next()).id, 2);
  server.send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } });
  server.send(request(3, "tools/call", EXPLAIN));
  assert.equal((await server.next()).id, 3);
  released.resolve();
  const { code, rest } = await server.end();
  assert.deepEqual([code, rest], [0, []]);
});

test("a call that is in progress when the input ends gets its response", async () => {
  await using server = startRaw();
  server.send(request(1, "tools/call", EXPLAIN));
  server.send(request(2, "tools/list"));
  const { code, rest } = await server.end();
  assert.equal(code, 0);
  assert.deepEqual(rest.map(({ id }) => id).sort(), [1, 2]);
});

test("on a terminal, the command says that an assistant starts it", async () => {
  const { code, stdout } = await runOnTerminal(["mcp"]);
  assert.equal(code, 2);
  assert.match(stdout, /an assistant starts this command/);
});

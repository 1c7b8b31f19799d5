/** `better-auth-edge serve`: which lines of workerd and of the Worker are in the log. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { follow, type LogLine } from "../src/cli/serve/log.ts";
import { serveEdge, surroundings } from "./serve.process.ts";
import { until } from "./servers.ts";

const around = surroundings([]);

test("twenty lines of workerd a second pass, and the log counts the rest", async () => {
  const { stream, lines } = followed();
  const sent = 50;
  for (let i = 0; i < sent; i++) stream.write(`${workerdLine(`a failure ${i}`)}\n`);
  const dropped = () => lines.filter(({ event }) => event === "runtime_lines_dropped");
  await until(() => dropped().length > 0);
  assert.equal(lines.length, 21);
  assert.equal(dropped()[0]?.lines, sent - 20);
  assert.deepEqual([lines[0]?.level, lines[0]?.message], ["error", "a failure 0"]);
});

test("lines of the Worker pass during a flood of lines of workerd", async () => {
  const { stream, lines } = followed();
  for (let i = 0; i < 50; i++) stream.write(`${workerdLine("a failure")}\n`);
  const events = Array.from({ length: 50 }, (_, i) => `event${i}`);
  for (const event of events) {
    stream.write(`${workerdLine(JSON.stringify({ level: "warn", event, message: "m" }))}\n`);
  }
  await until(() => lines.at(-1)?.event === "event49");
  const own = lines.filter(({ event }) => event !== undefined);
  assert.deepEqual(
    own.map(({ level, event, message }) => [level, event, message]),
    events.map((event) => ["warn", event, "m"]),
  );
});

test("a flood of CONNECT requests causes no line, and hides none of the edge", async () => {
  const ROUTES = JSON.stringify([{ path: "/public/*", auth: "public" }]);
  const settings = { BETTER_AUTH_URL: around.auth, ORIGIN_URL: around.api, ROUTES };
  await using edge = await serveEdge(settings, ["--trust-forwarded-proto"]);
  const { hostname, port } = new URL(edge.url);
  const connects = Array.from({ length: 60 }, async () => {
    const socket = connect(Number(port), hostname);
    socket.write("CONNECT e:80 HTTP/1.1\r\nHost: e:80\r\n\r\n");
    return (await text(socket)).split("\r\n")[0];
  });
  const outcomes = await Promise.all(connects);
  assert.deepEqual(new Set(outcomes), new Set(["HTTP/1.1 500 Internal Server Error"]));
  assert.equal((await fetch(`${edge.url}/public/x`)).status, 200);
  const warning = await edge.line(({ event }) => event === "scheme_missing");
  assert.equal(warning.level, "warn");
  assert.match(String(warning.message), /^a request without X-Forwarded-Proto counts as http/);
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  const others = edge.lines.filter(({ event, message }) => {
    return event === "runtime_lines_dropped" || /connect/.test(String(message));
  });
  assert.deepEqual(others, []);
});

test("a warning about the settings is an event of the log", async () => {
  const settings = { BETTER_AUTH_URL: around.auth, ORIGIN_URL: around.api };
  await using edge = await serveEdge(settings);
  const { level, message } = await edge.line(({ event }) => event === "settings_warning");
  assert.equal(level, "warn");
  assert.match(String(message), /^no rule in ROUTES has a match/);
});

/** A stream of workerd, and the lines of the log that follow from it. */
function followed(): { stream: PassThrough; lines: LogLine[] } {
  const stream = new PassThrough();
  const lines: LogLine[] = [];
  follow(stream, (line) => lines.push(line));
  return { stream, lines };
}

/** A line as workerd writes it. */
function workerdLine(message: string): string {
  return JSON.stringify({ timestamp: Date.now(), level: "error", message });
}

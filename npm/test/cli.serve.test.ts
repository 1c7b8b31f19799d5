/** `better-auth-edge serve`: the packed Worker as a process of production. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "./cli.process.ts";
import { serveEdge, surroundings, workerdOf } from "./serve.process.ts";
import { deferred, slowServer, until } from "./servers.ts";
import { newSigner, token } from "./tokens.ts";

const signer = newSigner("EdDSA");
const ROUTES = JSON.stringify([
  { path: "/api/{user_id}/*", match: { user_id: "sub" } },
  { path: "/public/*", auth: "public" },
]);

const around = surroundings([signer.jwk], ({ path, headers }) => ({
  body: { path, assertion: headers["x-edge-user"] },
}));

function settings(more: Record<string, string> = {}): Record<string, string> {
  return { BETTER_AUTH_URL: around.auth, ORIGIN_URL: around.api, ROUTES, ...more };
}

/** A token of this user, of a session that began a minute ago. */
function tokenOf(sub: string, sid = "s"): string {
  const now = Math.floor(Date.now() / 1000);
  const times = { iat: now, exp: now + 900, session_iat: now - 60 };
  return token(signer, { iss: around.auth, aud: around.auth, sub, sid, ...times });
}

async function get(url: string, bearer?: string): Promise<string> {
  const headers: HeadersInit = bearer ? { authorization: `Bearer ${bearer}` } : {};
  const response = await fetch(url, { headers });
  const body = (await response.json()) as { code?: string };
  return `${response.status} ${body.code ?? ""}`.trim();
}

test("serve decides as the Worker does, and logs each rejection as one JSON object", async () => {
  await using edge = await serveEdge(settings());
  assert.equal(await get(`${edge.url}/api/ada/tasks`, tokenOf("ada")), "200");
  assert.equal(await get(`${edge.url}/api/bob/tasks`, tokenOf("ada")), "403 user_mismatch");
  assert.equal(await get(`${edge.url}/api/ada/tasks`), "401 missing_token");
  const line = await edge.line(({ code }) => code === "missing_token");
  assert.equal(line.level, "warn");
  assert.equal(line.decision, "respond");
  assert.match(String(line.time), /^\d{4}-\d\d-\d\dT/);
});

test("serve ends with exit code 1 and names every error of the settings", async () => {
  const wrong = settings({ ORIGIN_URL: "", CLOCK_TOLERANCE: "301", ROUTE: ROUTES });
  await using edge = await serveEdge(wrong);
  assert.equal(await edge.exited, 1);
  for (const setting of ["ORIGIN_URL", "CLOCK_TOLERANCE", "ROUTE is not a setting"]) {
    assert.match(edge.errors(), new RegExp(`^- ${setting}`, "m"));
  }
});

test("a variable of the environment wins over wrangler.toml, and .dev.vars is not read", async () => {
  const project = await mkdtemp(join(around.directory, "project-"));
  const toml = `name = "edge"
compatibility_date = "2026-11-01"
[vars]
BETTER_AUTH_URL = "${around.auth}"
ORIGIN_URL = "http://127.0.0.1:9"
[[vars.ROUTES]]
path = "/public/*"
auth = "public"
`;
  await writeFile(join(project, "wrangler.toml"), toml);
  await writeFile(join(project, ".dev.vars"), "ORIGIN_URL=http://127.0.0.1:10\n");
  await using edge = await serveEdge({ ORIGIN_URL: around.api }, [], project);
  assert.equal(await get(`${edge.url}/public/x`), "200");
  assert.equal(await get(`${edge.url}/other`), "401 missing_token");
});

test("of several configurations, serve reads the one that wrangler reads", async () => {
  const project = await mkdtemp(join(around.directory, "project-"));
  const open = `[[vars.ROUTES]]\npath = "/*"\nauth = "public"\n`;
  const vars = { BETTER_AUTH_URL: around.auth, ORIGIN_URL: around.api };
  await writeFile(join(project, "wrangler.toml"), open);
  await writeFile(join(project, "wrangler.json"), JSON.stringify({ vars }));
  await using edge = await serveEdge({}, [], project);
  assert.equal(await get(`${edge.url}/other`), "401 missing_token");
});

test("no file and no argument of the processes contains a secret", async () => {
  const { directory } = around;
  const { stdout } = await run(["keygen"]);
  const secret = JSON.parse(stdout).d as string;
  await using edge = await serveEdge(settings({ EDGE_SIGNING_KEY: stdout, TMPDIR: directory }));
  assert.equal(await get(`${edge.url}/public/x`), "200");
  const [name = ""] = (await readdir(directory)).filter((name) =>
    /^better-auth-edge-\w{6}$/.test(name),
  );
  const files = await readdir(join(directory, name), { recursive: true, withFileTypes: true });
  const texts = files.filter((file) => file.isFile());
  assert(texts.some((file) => file.name === "config.capnp"));
  for (const file of texts) {
    const text = await readFile(join(file.parentPath, file.name), "latin1");
    assert(!text.includes(secret), `${file.name} contains the key`);
  }
  const processes = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" });
  assert(!processes.includes(secret), "an argument contains the key");
});

test("after SIGTERM, serve completes the requests that it has accepted and exits with 0", async () => {
  const { promise: released, resolve: release } = deferred();
  const slow = await slowServer("first ", "last", released);
  const { origin } = slow;
  try {
    await using edge = await serveEdge(settings({ ORIGIN_URL: origin }), ["--processes", "2"]);
    const responses = await Promise.all(
      Array.from({ length: 8 }, () => fetch(`${edge.url}/public/slow`)),
    );
    edge.child.kill("SIGTERM");
    await edge.line(({ event }) => event === "stopping");
    // each process completes what it has, and a later request gets a response at once, unless a
    // process accepted its connection just before the signal: workerd closes idle connections
    await until(async () => {
      const late = await fetch(`${edge.url}/public/late`).catch(() => undefined);
      return late?.status === 503;
    });
    release();
    const bodies = await Promise.all(responses.map((response) => response.text()));
    assert.deepEqual(new Set(bodies), new Set(["first last"]));
    assert.equal(await edge.exited, 0);
  } finally {
    slow.close();
  }
});

test("a request that does not end is cut off after the time for the shutdown", async () => {
  const endless = createServer((_, response) => void response.write("first ")).listen(
    0,
    "127.0.0.1",
  );
  await once(endless, "listening");
  const origin = `http://127.0.0.1:${(endless.address() as AddressInfo).port}`;
  try {
    const args = ["--shutdown-timeout", "1"];
    await using edge = await serveEdge(settings({ ORIGIN_URL: origin }), args);
    const response = await fetch(`${edge.url}/public/endless`);
    edge.child.kill("SIGTERM");
    await assert.rejects(response.text());
    assert.equal(await edge.exited, 0);
  } finally {
    endless.closeAllConnections();
    endless.close();
  }
});

test("while the reader of the log is stuck, serve goes on, and says later how many lines it dropped", async () => {
  await using edge = await serveEdge(settings({ LOG_LEVEL: "info" }));
  edge.child.stdout?.pause();
  const requests = 3_000;
  for (let sent = 0; sent < requests; sent += 50) {
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () => get(`${edge.url}/public/x`)),
    );
    assert.deepEqual(new Set(outcomes), new Set(["200"]));
  }
  edge.child.stdout?.resume();
  const dropped = await edge.line(({ event }) => event === "log_lines_dropped");
  assert.equal(dropped.level, "warn");
  const isNoted = () => {
    const written = edge.lines.filter(({ decision }) => decision === "forward").length;
    return edge.lines.reduce((sum, { lines = 0 }) => sum + Number(lines), written) === requests;
  };
  await until(isNoted);
});

test("serve ends although the reader of its log is stuck", async () => {
  await using edge = await serveEdge(settings({ LOG_LEVEL: "info" }));
  edge.child.stdout?.pause();
  for (let sent = 0; sent < 1_000; sent += 50) {
    await Promise.all(Array.from({ length: 50 }, () => get(`${edge.url}/public/x`)));
  }
  edge.child.kill("SIGTERM");
  assert.deepEqual(await once(edge.child, "exit"), [0, null]);
  edge.child.stdout?.resume();
});

for (const [ended, streams] of [
  ["its log", ["stdout"]],
  ["its log and its messages", ["stdout", "stderr"]],
] as const) {
  test(`serve goes on without a reader of ${ended}, and still ends in order`, async () => {
    const TMPDIR = await mkdtemp(join(around.directory, "reader-"));
    await using edge = await serveEdge(settings({ LOG_LEVEL: "info", TMPDIR }));
    for (const name of streams) edge.child[name]?.destroy();
    for (let sent = 0; sent < 3; sent++) {
      assert.equal(await get(`${edge.url}/public/x`), "200");
      assert.equal(await get(`${edge.url}/api/ada/x`), "401 missing_token");
    }
    if (streams.length === 1) {
      await until(() => edge.errors() !== "");
      assert.equal(
        edge.errors(),
        "the log cannot be written (EPIPE): lines are lost, and the edge goes on\n",
      );
    }
    edge.child.kill("SIGTERM");
    assert.equal(await edge.exited, 0);
    assert.deepEqual(await readdir(TMPDIR), []);
  });
}

test("a process that dies is started again, and the log says so", async () => {
  await using edge = await serveEdge(settings(), ["--processes", "2"]);
  for (const pid of workerdOf(edge)) process.kill(pid, "SIGKILL");
  const ended = await edge.line(({ event }) => event === "process_ended");
  assert.equal(ended.signal, "SIGKILL");
  await edge.line(({ event }) => event === "process_started");
  // the other process has not started again yet, or has
  assert.equal(await get(`${edge.url}/public/x`), "200");
});

test("no process of the edge outlives a serve that is killed", async () => {
  await using edge = await serveEdge(settings());
  const children = workerdOf(edge);
  assert.equal(children.length, 1);
  edge.child.kill("SIGKILL");
  await edge.exited;
  await until(async () => !children.some(isRunning));
});

test("a session that one process has ended is over in all processes, and after a restart", async () => {
  const data = join(around.directory, "data");
  const more = { EDGE_ISSUER: "https://edge.example.com", REVOCATION_LAG: "0.5" };
  const args = ["--processes", "3", "--data", data];
  {
    await using edge = await serveEdge(settings(more), args);
    assert.equal(await get(`${edge.url}/api/ada/x`, tokenOf("ada", "ended")), "200");
    assert.equal(await endSession(edge.url, "ended"), 204);
    await until(async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 24 }, () => get(`${edge.url}/api/ada/x`, tokenOf("ada", "ended"))),
      );
      return outcomes.every((outcome) => outcome === "401 session_revoked");
    });
    assert.equal(await get(`${edge.url}/api/ada/x`, tokenOf("ada", "other")), "200");
    await using second = await serveEdge(settings(more), args);
    assert.equal(await second.exited, 1);
    assert.match(second.errors(), /another process uses/);
  }
  await using edge = await serveEdge(settings(more), args);
  const outcome = await get(`${edge.url}/api/ada/x`, tokenOf("ada", "ended"));
  assert.equal(outcome, "401 session_revoked");
});

test("without workerd, serve says the command that installs it", async () => {
  const project = await mkdtemp(join(around.directory, "without-"));
  await writeFile(join(project, "pnpm-lock.yaml"), "");
  // the package without the modules around it
  const program = join(project, "package/dist/node/cli.js");
  await import("node:fs/promises").then(({ cp }) =>
    cp(join(import.meta.dirname, "../dist"), join(project, "package/dist"), { recursive: true }),
  );
  await writeFile(join(project, "package/package.json"), '{"type":"module","version":"0"}');
  const child = (() => {
    try {
      execFileSync(process.execPath, [program, "serve"], { cwd: project, encoding: "utf8" });
      return { status: 0, stderr: "" };
    } catch (error) {
      return error as { status: number; stderr: string };
    }
  })();
  assert.equal(child.status, 1);
  assert.match(child.stderr, /workerd, the Worker's runtime, is not installed: pnpm add workerd/);
});

function isRunning(pid: number): boolean {
  const table = execFileSync("ps", ["-eo", "pid=,stat="], { encoding: "utf8" });
  return new RegExp(`^\\s*${pid} [^Z]`, "m").test(table);
}

/** Tells the edge that a session has ended, as the auth server does. */
async function endSession(url: string, sid: string): Promise<number> {
  const now = Math.floor(Date.now() / 1000);
  const events = [{ type: "session", sid, sub: "ada" }];
  const claims = { iss: around.auth, aud: "https://edge.example.com", iat: now, exp: now + 120 };
  const body = token(
    signer,
    { ...claims, jti: crypto.randomUUID(), events },
    { typ: "edge-event+jwt" },
  );
  const headers = { "content-type": "application/jwt" };
  const response = await fetch(`${url}/.well-known/better-auth-edge/events`, {
    method: "POST",
    headers,
    body,
  });
  return response.status;
}

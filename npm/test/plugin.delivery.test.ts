/** How the plugin for Better Auth delivers events to edges. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { Delivery } from "../src/better-auth/delivery.ts";
import { batches, type Occurrence } from "../src/better-auth/event.ts";
import { isFrom, type Row, start, startEdge } from "./plugin.setup.ts";
import { closedUrl, until } from "./servers.ts";

const options = { skip: !isFrom(4) && "before Better Auth 1.4" };

/** A token of the right type. */
const SIGNED = `${Buffer.from('{"typ":"edge-event+jwt"}').toString("base64url")}.e30.x`;

/** A jwt plugin with a signer of its own. */
const JWT = { options: { jwt: { sign: () => SIGNED } }, issuer: () => "" };

/** A log, and whether a line of this level has been written. */
function logger() {
  const lines: string[] = [];
  const log = (level: string, message: string) => void lines.push(`${level}: ${message}`);
  return { lines, log };
}

test("an edge that fails gets the events again, in another token", options, async () => {
  const { lines, log } = logger();
  await using server = await start({ answers: [503, 429, 204], log });
  const { cookie, sid } = await server.signUp();
  await server.done("/sign-out", { cookie, body: {} });
  await server.receiver.ended(sid);
  const { tokens } = server.receiver;
  assert.equal(new Set(tokens.map((token) => decodeJwt(token).jti)).size, tokens.length);
  assert.ok(lines.some((line) => /^warn: .*again: it answered 503/.test(line)));
  assert.ok(!lines.some((line) => line.includes(tokens[0] ?? "")), "never the token");
});

test("an edge that has the events, or rejects them, does not get them again", options, async () => {
  for (const [status, isLogged] of [
    [409, false],
    [401, true],
    [400, true],
  ] as const) {
    const { lines, log } = logger();
    await using server = await start({ answers: [status], log });
    await server.signUp();
    // the first token's key is new to the edge
    await until(() => server.receiver.tokens.length > 0);
    const { cookie, sid } = await server.signIn();
    await server.done("/sign-out", { cookie, body: {} });
    await server.receiver.ended(sid);
    assert.equal(server.receiver.tokens.length, 2, `${status}`);
    const pattern = new RegExp(
      `^error: .* did not get an event: it answered ${status} invalid_claim`,
    );
    assert.equal(
      lines.some((line) => pattern.test(line)),
      isLogged,
      lines.join("\n"),
    );
  }
});

test("the log of a refused event says what to change", async () => {
  for (const [status, body, isRetried, says] of [
    [401, { code: "audience_mismatch" }, false, /edgeURL must be the edge's EDGE_ISSUER/],
    [401, { code: "issuer_mismatch" }, false, /the edge's ISSUER must name the issuer/],
    [401, { code: "expired" }, false, /compare the clocks of both servers/],
    [401, { code: "not_yet_valid" }, true, /compare the clocks of both servers/],
    [401, { code: "unknown_key" }, true, /BETTER_AUTH_URL or JWKS_URL must name the keys/],
    [404, {}, false, /no store of ended sessions: bind REVOCATIONS \(docs\/sign-out\.md\)/],
    [401, { code: "bad_signature" }, false, /: it answered 401 bad_signature$/],
    [401, { code: "constructor" }, false, /: it answered 401 constructor$/],
  ] as const) {
    const lines: string[] = [];
    const log = (line: string) => void lines.push(line);
    const delivery = new Delivery({ logger: { warn: log, error: log } } as never, JWT as never, {
      edges: ["https://edge.example"],
      fetch: async () => new Response(JSON.stringify(body), { status }),
      waitUntil() {},
    });
    delivery.send({ event: { type: "keys", not_before: 0 } });
    await until(() => lines.length > 0);
    assert.match(lines[0] ?? "", isRetried ? /trying .* again/ : /did not get an event/);
    assert.match(lines[0] ?? "", says);
  }
});

test("without edgeURL the log says once that no edge is told of sign-outs", options, async () => {
  const cases: [string | string[] | undefined, number][] = [
    [undefined, 1],
    [[], 0],
    ["https://edge.example", 0],
  ];
  for (const [edgeURL, expected] of cases) {
    const { lines, log } = logger();
    await using server = await start({ edgeOptions: { edgeURL }, log });
    await server.call("/ok");
    const told = lines.filter((line) => /^warn: .*no edge is told when a session ends/.test(line));
    assert.equal(told.length, expected, lines.join("\n"));
    if (expected) assert.match(told[0] ?? "", /set edgeURL .*EDGE_ISSUER, or to \[\]/);
  }
});

test("several edges get the events, each for itself", options, async () => {
  let jwks = "";
  const one = await startEdge(() => jwks);
  const two = await startEdge(() => jwks, [500]);
  await using server = await start({ edgeOptions: { edgeURL: [one.url, two.url, one.url] } });
  jwks = `${server.url}/api/auth/jwks`;
  const { cookie, sid } = await server.signUp();
  await server.done("/sign-out", { cookie, body: {} });
  await Promise.all([one.ended(sid), two.ended(sid)]);
  assert.equal(one.events.filter((event) => event.sid === sid).length, 1, "named twice, sent once");
  assert.equal(decodeJwt(one.tokens[0] ?? "").aud, one.url);
  one.close();
  two.close();
});

test("an unreachable edge delays no response and ends no process", options, async () => {
  const tasks: Promise<unknown>[] = [];
  const { lines, log } = logger();
  let calls = 0;
  const edgeOptions = {
    edgeURL: await closedUrl(),
    waitUntil: (task: Promise<unknown>) => void tasks.push(task),
    // the last of six attempts would be 50 seconds later
    fetch: (...request: Parameters<typeof fetch>) =>
      ++calls > 2 ? Promise.resolve(new Response(null, { status: 204 })) : fetch(...request),
  };
  await using server = await start({ edgeOptions, log });
  const { cookie } = await server.signUp();
  await server.done("/sign-out", { cookie, body: {} });
  await Promise.all(tasks);
  assert.ok(calls >= 3);
  assert.ok(lines.some((line) => /^warn: .*again: fetch failed/.test(line)));
});

test("Better Auth's background tasks run the delivery", { skip: !isFrom(5) }, async () => {
  const tasks: Promise<unknown>[] = [];
  const handler = (task: Promise<unknown>) => void tasks.push(task);
  const advanced = { backgroundTasks: { handler } };
  await using server = await start({ advanced, edgeOptions: { waitUntil: undefined } });
  const { cookie, sid } = await server.signUp();
  await server.done("/sign-out", { cookie, body: {} });
  assert.ok(tasks.length > 0);
  await Promise.all(tasks);
  await server.receiver.ended(sid);
});

test("events are signed with every algorithm of the jwt plugin", options, async () => {
  for (const keyPairConfig of [
    { alg: "EdDSA", crv: "Ed25519" },
    { alg: "ES256" },
    { alg: "ES512" },
    { alg: "PS256" },
    { alg: "RS256" },
  ]) {
    for (const disablePrivateKeyEncryption of [false, true]) {
      const jwks = { keyPairConfig, disablePrivateKeyEncryption };
      await using server = await start({ jwtOptions: { jwks } });
      const { cookie, sid } = await server.signUp();
      await server.done("/sign-out", { cookie, body: {} });
      await server.receiver.ended(sid);
      const { alg, typ } = decodeProtectedHeader(server.receiver.tokens[0] ?? "");
      assert.deepEqual([alg, typ], [keyPairConfig.alg, "edge-event+jwt"]);
    }
  }
});

test("events are signed with the key that replaces an expired one", options, async () => {
  await using server = await start();
  const { cookie, sid } = await server.signUp();
  await server.receiver.received(({ type }) => type === "keys");
  const [old] = server.rows("jwks");
  assert.ok(old);
  // Better Auth 1.4 publishes a retired key for 30 days
  old.expiresAt = new Date(Date.now() - 40 * 86_400_000);
  old.createdAt = new Date(Date.now() - 50 * 86_400_000);
  await server.done("/sign-out", { cookie, body: {} });
  await server.receiver.ended(sid);
  const { kid } = decodeProtectedHeader(server.receiver.tokens.at(-1) ?? "");
  assert.notEqual(kid, old.id);
});

test("a new signing key is an event", options, async () => {
  await using server = await start();
  const { cookie } = await server.signUp();
  await server.receiver.received(({ type }) => type === "keys");
  const before = server.receiver.events.length;
  for (const key of server.rows("jwks")) key.expiresAt = new Date(Date.now() - 1_000);
  await server.claims(cookie);
  await server.claims(cookie);
  await until(() => server.receiver.events.length > before);
  const added = server.receiver.events.slice(before);
  assert.deepEqual(
    added.map(({ type }) => type),
    ["keys"],
  );
});

test("events fit into tokens of an edge's limits, each once", () => {
  const session = (sid: string, began = 5): Occurrence => ({
    event: { type: "session", sid, sub: "ada" },
    began,
  });
  const many = Array.from({ length: 250 }, (_, index) => session(`${index}`.padStart(32, "0")));
  const sizes = batches([...many, ...many]).map((batch) => batch.length);
  assert.deepEqual(sizes, [100, 100, 50]);
  const long = Array.from({ length: 100 }, (_, index) => session(`${index}`.padStart(500, "0")));
  for (const batch of batches(long)) {
    assert.ok(JSON.stringify(batch).length <= 11_002, `${JSON.stringify(batch).length}`);
  }
  assert.equal(batches(long).flat().length, 100);

  const user = (not_before: number): Occurrence => ({
    event: { type: "user", sub: "ada", not_before },
  });
  const all = batches([session("1", 9), user(10), session("2", 10), user(8), session("3", 9)]);
  assert.deepEqual(all, [
    [
      { type: "user", sub: "ada", not_before: 10 },
      { type: "session", sid: "2", sub: "ada" },
    ],
  ]);
  assert.deepEqual(batches([]), []);
});

test("an edge without the key, or with a clock that is behind, gets the events again", async () => {
  for (const code of ["unknown_key", "not_yet_valid"]) {
    const times: unknown[] = [];
    const sign = ({ iat }: Row) => {
      times.push(iat);
      return SIGNED;
    };
    const jwt = { options: { jwt: { sign } }, issuer: () => "" };
    let delivered = 0;
    const send = async () => {
      const isLate = times.length > 1;
      delivered += Number(isLate);
      return isLate
        ? new Response(null, { status: 204 })
        : new Response(JSON.stringify({ code }), { status: 401 });
    };
    const context = { logger: { warn() {}, error() {} } };
    const more = { edges: ["https://edge.example"], fetch: send, waitUntil() {} };
    const delivery = new Delivery(context as never, jwt as never, more);
    delivery.send({ event: { type: "keys", not_before: 0 } });
    await until(() => delivered === 1);
    assert.equal(times[0], times[1], "its clock has to get there");
  }
});

test("a dead edge keeps no event from another", async () => {
  const dead = "https://dead.example";
  const alive = "https://alive.example";
  let delivered = 0;
  const send: typeof fetch = async (url) => {
    if (String(url).startsWith(dead)) return new Promise(() => {});
    delivered += 1;
    return new Response(null, { status: 204 });
  };
  const waitUntil = () => {};
  const context = { logger: { warn() {}, error() {} } };
  const delivery = new Delivery(context as never, JWT as never, {
    edges: [dead, alive],
    fetch: send,
    waitUntil,
  });
  const end = async (first: number, count: number) => {
    for (let i = first; i < first + count; i++) {
      // one token for each
      const sub = `${i}`.padEnd(10_000, ".");
      delivery.send({ event: { type: "user", sub, not_before: 0 } });
    }
    await until(() => delivered === first + count);
  };
  await end(0, 900);
  await end(900, 900);
});

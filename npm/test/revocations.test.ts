/** Ended sessions in Node: `verifyRequest` with a store, and how messages arrive. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";
import {
  createVerifier,
  type Decision,
  type GatewayOptions,
  memoryRevocations,
  type RequestHead,
  type RevocationEntry,
  type RevocationPage,
  type RevocationStore,
} from "better-auth-edge";
import { AUTH, claims, now, signer, verifierOptions } from "./fixtures.ts";
import { token } from "./tokens.ts";

const EDGE = "https://app.example";
const EVENTS = `${EDGE}/.well-known/better-auth-edge/events`;
const LOGOUT = `${EDGE}/.well-known/better-auth-edge/backchannel-logout`;
const JWT = { "content-type": "application/jwt" };
const FORM = { "content-type": "application/x-www-form-urlencoded" };

/** An edge with this store: a process of its own, as far as the store is concerned. */
async function edge(revocations: RevocationStore, more: GatewayOptions = {}) {
  const verifier = await createVerifier(verifierOptions);
  const options = { revocations, edgeIssuer: EDGE, logLevel: "none" as const, ...more };
  const decide = (request: RequestHead): Promise<Decision> =>
    verifier.verifyRequest(request, options);
  return {
    decide,
    post: async (body: string, url = EVENTS, headers: Record<string, string> = JWT) =>
      outcome(await decide(new Request(url, { method: "POST", headers, body }))),
    get: async (sid: string) => {
      const authorization = `Bearer ${token(signer, { ...claims, sid, session_iat: now - 60 })}`;
      return outcome(await decide(new Request(EDGE, { headers: { authorization } })));
    },
  };
}

function outcome(decision: Decision): string {
  if (decision.ok) return "admitted";
  const { response, code } = decision;
  const type = response.headers.get("content-type");
  return [response.status, code, type === "application/problem+json" && "problem"]
    .filter(Boolean)
    .join(" ");
}

let serial = 0;

/** A message that the session has ended. */
function message(sid: string, more: object = {}): string {
  const events = [{ type: "session", sid, sub: "user-1" }];
  const jti = `message-${++serial}`;
  const times = { iat: now, exp: now + 120 };
  const all = { iss: AUTH, aud: EDGE, jti, ...times, events, ...more };
  return token(signer, all, { typ: "edge-event+jwt" });
}

const ENDED = "401 session_revoked problem";

describe("verifyRequest with a store of revocations", () => {
  test("refuses an ended session in this process at once, and no other session", async () => {
    const { get, post } = await edge(memoryRevocations());
    assert.deepEqual([await get("one"), await get("two")], ["admitted", "admitted"]);
    assert.equal(await post(message("one")), "204");
    assert.deepEqual([await get("one"), await get("two")], [ENDED, "admitted"]);
  });

  test("refuses it in another process that has the same store", async () => {
    const store = memoryRevocations();
    const [one, other] = [await edge(store), await edge(store)];
    assert.equal(await one.post(message("one")), "204");
    assert.equal(await other.get("one"), ENDED);
    const message2 = message("two");
    assert.equal(await one.post(message2), "204");
    assert.equal(await other.post(message2), "409 problem");
  });

  test("accepts logout tokens of OpenID Connect", async () => {
    const { get, post } = await edge(memoryRevocations());
    const events = { "http://schemas.openid.net/event/backchannel-logout": {} };
    const [iat, exp] = [now, now + 120];
    const all = {
      iss: AUTH,
      aud: AUTH,
      sub: "user-1",
      sid: "one",
      jti: "logout-1",
      events,
      iat,
      exp,
    };
    const body = `logout_token=${token(signer, all, { typ: "logout+jwt" })}`;
    assert.equal(await post(body, LOGOUT, FORM), "200");
    assert.equal(await get("one"), ENDED);
    assert.equal(await post(body, LOGOUT, FORM), "400 problem");
  });

  test("rejects forged messages, and reads a bounded part of a body", async () => {
    const { get, post, decide } = await edge(memoryRevocations());
    assert.equal(await post(message("one", { aud: "https://other.example" })), "401 problem");
    assert.equal(await post(""), "401 problem");
    let pulled = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(1024).fill(0x78));
      },
    });
    const init = { method: "POST", headers: JWT, body, duplex: "half" } as RequestInit;
    const { ok } = await decide(new Request(EVENTS, init));
    assert.equal(ok, false);
    assert.ok(pulled <= 20, `${pulled} kB were read`);
    assert.equal(await get("one"), "admitted");
  });

  test("handles messages only with a store", async () => {
    const verifier = await createVerifier(verifierOptions);
    const request = new Request(EVENTS, { method: "POST", headers: JWT, body: message("one") });
    const decision = await verifier.verifyRequest(request, { logLevel: "none" });
    assert.ok(!decision.ok);
    assert.equal(decision.response.status, 404);
    assert.equal(request.bodyUsed, false);
  });

  test("requires a store with both functions, and edgeIssuer", async () => {
    const verifier = await createVerifier(verifierOptions);
    const request = new Request(EDGE);
    for (const [wrong, expected] of [
      [{ revocations: {} }, /^revocations is not an object with the functions read and append/],
      [{ revocations: "memory" }, /^revocations is not/],
      [{ revocations: memoryRevocations() }, /^edgeIssuer is required with a store/],
    ] as const) {
      await assert.rejects(verifier.verifyRequest(request, wrong as object), {
        code: "misconfigured",
        message: expected,
      });
    }
    await assert.rejects(
      createVerifier({ ...verifierOptions, revocations: memoryRevocations() } as object),
      /revocations is not an option/,
    );
  });
});

describe("the body of a message", () => {
  /** Sends a message through a real server, whose request `convert` changes. */
  async function throughNode(convert: (request: IncomingMessage) => Promise<RequestHead>) {
    const { decide, get } = await edge(memoryRevocations());
    const server = createServer(async (request, response) => {
      const decision = await decide(await convert(request));
      response.writeHead(decision.ok ? 500 : decision.response.status).end();
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    const url = EVENTS.replace(EDGE, `http://127.0.0.1:${port}`);
    try {
      const { status } = await fetch(url, { method: "POST", headers: JWT, body: message("one") });
      const large = await fetch(url, { method: "POST", headers: JWT, body: "x".repeat(100_000) });
      return [status, await get("one"), large.status];
    } finally {
      server.close();
      server.closeAllConnections();
    }
  }

  async function bytesOf(request: IncomingMessage): Promise<Buffer> {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  test("is read from Node's request, or was read by a parser before", async () => {
    for (const [name, convert] of Object.entries({
      "the request itself": async (request) => request,
      "the request with a target": async (request) =>
        Object.assign(request, { originalUrl: request.url }),
      "bytes, as express.raw leaves them": async (request) =>
        Object.assign(request, { body: await bytesOf(request) }),
      "a text, as express.text leaves it": async (request) =>
        Object.assign(request, { body: String(await bytesOf(request)) }),
    } satisfies Record<string, (request: IncomingMessage) => Promise<RequestHead>>)) {
      assert.deepEqual(await throughNode(convert), [204, ENDED, 401], name);
    }
  });

  test("is a form again if a parser has read its fields", async () => {
    const { decide, get } = await edge(memoryRevocations());
    const events = { "http://schemas.openid.net/event/backchannel-logout": {} };
    const all = {
      iss: AUTH,
      aud: AUTH,
      sid: "one",
      jti: "logout-2",
      events,
      iat: now,
      exp: now + 60,
    };
    const body = { logout_token: token(signer, all, { typ: "logout+jwt" }) };
    const decision = await decide({ method: "POST", url: LOGOUT, headers: FORM, body });
    assert.equal(outcome(decision), "200");
    assert.equal(await get("one"), ENDED);
  });

  test("that another reader has consumed is rejected", async () => {
    const { decide, get } = await edge(memoryRevocations());
    const request = new Request(EVENTS, { method: "POST", headers: JWT, body: message("one") });
    await request.text();
    assert.equal(outcome(await decide(request)), "401 problem");
    assert.equal(
      outcome(await decide({ method: "POST", url: EVENTS, headers: JWT })),
      "401 problem",
    );
    assert.equal(await get("one"), "admitted");
  });
});

describe("a store of the application", () => {
  /** A store that keeps what it receives, and calls `fail` first. */
  function recording(fail: () => void = () => {}) {
    const entries: RevocationEntry[] = [];
    const calls: unknown[][] = [];
    const store: RevocationStore = {
      async read(cursor, shard): Promise<RevocationPage> {
        calls.push(["read", cursor, shard]);
        fail();
        const found = entries.slice(Number(cursor ?? 0));
        return { cursor: String(entries.length), entries: found };
      },
      async append(added, event, shard) {
        calls.push(["append", added.length, event, shard]);
        fail();
        entries.push(...added);
        return true;
      },
    };
    return { store, entries, calls };
  }

  test("receives entries that name neither the session nor the user, with their ends", async () => {
    const { store, entries, calls } = recording();
    const { get, post } = await edge(store, { revocationRetention: 3600 });
    assert.equal(await get("one"), "admitted");
    assert.equal(await post(message("one")), "204");
    assert.equal(await (await edge(store)).get("one"), ENDED);
    const [entry] = entries;
    assert.ok(entry);
    assert.match(entry.text, /^[\w-]{22} \d+ \*$/);
    assert.ok(Math.abs(entry.expires.getTime() / 1000 - now - 3600) < 300, String(entry.expires));
    const [read, append] = calls as [unknown[], unknown[]];
    assert.deepEqual(read, ["read", undefined, 0]);
    assert.deepEqual([append[0], append[1], append[3]], ["append", 1, 0]);
    const { id, expires } = append[2] as { id: string; expires: Date };
    assert.doesNotMatch(id, /message/);
    assert.ok(expires.getTime() > Date.now());
  });

  test("that fails means 503, also for the sender of a message", async () => {
    const { store } = recording(() => {
      throw new Error("the database is away");
    });
    const { get, post } = await edge(store);
    assert.equal(await get("one"), "503 revocations_unavailable problem");
    assert.equal(await post(message("one")), "503 problem");
    const lenient = await edge(store, { revocationOnFailure: "allow" });
    assert.equal(await lenient.get("one"), "admitted");
  });

  test("that returns something else has failed", async () => {
    for (const page of [
      undefined,
      {},
      { cursor: "", entries: [] },
      { cursor: "a b", entries: [] },
      { cursor: "1" },
      { cursor: "1", entries: [{ text: "a\nb" }] },
      { cursor: "1", entries: ["text"] },
    ]) {
      const store = { read: async () => page, append: async () => "yes" };
      const { get, post } = await edge(store as unknown as RevocationStore);
      assert.equal(await get("one"), "503 revocations_unavailable problem", JSON.stringify(page));
      assert.equal(await post(message("one")), "503 problem");
    }
  });
});

describe("memoryRevocations", () => {
  const entry = (number: number, expires = Date.now() + 60_000): RevocationEntry => ({
    text: `entry-${number}`,
    expires: new Date(expires),
  });
  const event = (id: string) => ({ id, expires: new Date(Date.now() + 60_000) });
  const texts = ({ entries }: RevocationPage) => entries.map(({ text }) => text);

  test("returns what was appended after a cursor, and each event counts once", async () => {
    const store = memoryRevocations();
    const empty = await store.read(undefined, 0);
    assert.deepEqual([texts(empty), empty.more, empty.reset], [[], false, false]);
    assert.equal(await store.append([entry(1), entry(2)], event("a"), 0), true);
    assert.equal(await store.append([entry(3)], event("a"), 0), false);
    const first = await store.read(empty.cursor, 0);
    assert.deepEqual(texts(first), ["entry-1", "entry-2"]);
    assert.equal(await store.append([entry(4)], event("b"), 0), true);
    const second = await store.read(first.cursor, 0);
    assert.deepEqual(texts(second), ["entry-4"]);
    assert.deepEqual(texts(await store.read(second.cursor, 0)), []);
    assert.deepEqual(texts(await store.read(undefined, 0)), ["entry-1", "entry-2", "entry-4"]);
    assert.deepEqual(texts(await store.read(undefined, 1)), [], "shards are apart");
  });

  test("begins again for a cursor of another store", async () => {
    const [store, other] = [memoryRevocations(), memoryRevocations()];
    await store.append([entry(1)], event("a"), 0);
    await other.append([entry(2)], event("a"), 0);
    const { cursor } = await other.read(undefined, 0);
    const page = await store.read(cursor, 0);
    assert.deepEqual([texts(page), page.reset], [["entry-1"], true]);
  });

  test("divides many entries into pages", async () => {
    const store = memoryRevocations();
    const all = Array.from({ length: 25_000 }, (_, number) => entry(number));
    await store.append(all, event("a"), 0);
    const found: string[] = [];
    let cursor: string | undefined;
    for (let more = true; more; ) {
      const page = await store.read(cursor, 0);
      assert.ok(page.entries.length <= 10_000);
      found.push(...texts(page));
      cursor = page.cursor;
      more = page.more ?? false;
    }
    assert.deepEqual(
      found,
      all.map(({ text }) => text),
    );
  });

  test("forgets what has expired", async (context) => {
    context.mock.timers.enable({ apis: ["Date"], now: Date.now() });
    const store = memoryRevocations();
    await store.append([entry(1), entry(2, Date.now() + 600_000)], event("a"), 0);
    const { cursor } = await store.read(undefined, 0);
    context.mock.timers.tick(120_000);
    assert.equal(await store.append([entry(3)], event("a"), 0), false, "not before the next one");
    await store.append([entry(3)], event("b"), 0);
    assert.deepEqual(texts(await store.read(undefined, 0)), ["entry-2", "entry-3"]);
    assert.deepEqual(texts(await store.read(cursor, 0)), ["entry-3"]);
    assert.equal(await store.append([entry(4)], event("a"), 0), true, "the event has expired");
  });
});

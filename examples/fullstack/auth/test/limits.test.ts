/** The limit of sign-in attempts, which a client cannot evade with a forged address. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fetchKeys, fetchToken, signIn } from "./client.ts";
import { type RunningServer, runToEnd, startServer } from "./server.ts";

const ADA = { email: "ada@example.com", password: "analytical engine", name: "Ada" };
const ATTEMPTS = 15;
const LIMIT = 10;

const directory = mkdtempSync(join(tmpdir(), "better-auth-limits-"));
after(() => rmSync(directory, { recursive: true }));

let count = 0;

/** Starts a server for one test, because limits last for a minute. */
async function fresh(env: Record<string, string> = {}): Promise<RunningServer & AsyncDisposable> {
  const server = await startServer({
    BETTER_AUTH_SECRET: "a secret for tests, long enough to pass",
    DATABASE_URL: `file:${join(directory, `${count++}.db`)}`,
    ...env,
  });
  return Object.assign(server, {
    async [Symbol.asyncDispose]() {
      await server.stop();
    },
  });
}

/** Tries wrong passwords, one after another. Returns the statuses. */
async function guess(
  url: string,
  { path = "/api/auth/sign-in/email", email = ADA.email, headers = () => ({}) }: Guess = {},
): Promise<number[]> {
  const statuses: number[] = [];
  for (let i = 0; i < ATTEMPTS; i++) {
    const response = await fetch(url + path, {
      method: "POST",
      headers: { "content-type": "application/json", origin: url, ...headers(i) },
      body: JSON.stringify({ email, password: `wrong password ${i}` }),
    });
    await response.body?.cancel();
    statuses.push(response.status);
  }
  return statuses;
}

interface Guess {
  path?: string;
  email?: string;
  headers?: (i: number) => Record<string, string>;
}

const tried = (statuses: number[]) => statuses.filter((status) => status !== 429).length;

test("after ten wrong passwords every sign-in of the address gets 429", async () => {
  await using server = await fresh();
  await signIn(server.url, "/api/auth/sign-up/email", ADA);
  const statuses = await guess(server.url);
  assert.deepEqual(statuses.slice(0, LIMIT), Array(LIMIT).fill(401));
  assert.deepEqual(statuses.slice(LIMIT), Array(ATTEMPTS - LIMIT).fill(429));
  await assert.rejects(signIn(server.url, "/api/auth/sign-in/email", ADA), /429/);
  // another account from the same address
  assert.equal(tried(await guess(server.url, { email: "bob@example.com" })), 0);
});

test("a client cannot change its address with a header", async () => {
  await using server = await fresh();
  const names = [
    "x-forwarded-for",
    "x-client-address",
    "X-Client-Address",
    "x-real-ip",
    "cf-connecting-ip",
    "true-client-ip",
    "x-client-ip",
    "forwarded",
    "x_client_address",
  ];
  const headers = (i: number) =>
    Object.fromEntries(
      names.map((name) => [name, name === "forwarded" ? `for=1.1.1.${i}` : `1.1.1.${i}`]),
    );
  assert.equal(tried(await guess(server.url, { headers })), LIMIT);
});

test("all spellings of a path share one limit", async () => {
  await using server = await fresh();
  assert.equal(tried(await guess(server.url)), LIMIT);
  for (const path of [
    "/api/auth/sign-in/email/",
    "/api/auth/sign-in/email?x=1",
    "/api/auth//sign-in/email",
    "/api/auth/sign-in//email",
    "/api/auth/sign-in/%65mail",
    "/api/auth/./sign-in/email",
    "/api/auth/x/../sign-in/email",
    "/api/auth/sign-in/email;x",
    "/api/auth/SIGN-IN/email",
    "/api/auth/sign-in\\email",
  ]) {
    const statuses = await guess(server.url, { path });
    assert.ok(!statuses.includes(401) && !statuses.includes(200), `${path}: ${statuses}`);
  }
});

test("each client of a trusted proxy has its own limit and cannot evade it", async () => {
  await using server = await fresh({ BETTER_AUTH_TRUSTED_PROXIES: "127.0.0.1, 10.0.0.0/8" });
  const from = (address: string) => ({ headers: () => ({ "x-forwarded-for": address }) });
  assert.equal(tried(await guess(server.url, from("203.0.113.1"))), LIMIT);
  assert.equal(tried(await guess(server.url, from("203.0.113.2, 10.1.1.1"))), LIMIT);
  assert.equal(tried(await guess(server.url, from("203.0.113.2"))), 0);
  // the client sent the values before the one that the proxy added
  const forged = (i: number) => ({ "x-forwarded-for": `198.51.100.${i}, 203.0.113.1` });
  assert.equal(tried(await guess(server.url, { headers: forged })), 0);
  // all addresses of an IPv6 network count as one client
  const sameNetwork = (i: number) => ({ "x-forwarded-for": `2001:db8::${i + 1}` });
  assert.equal(tried(await guess(server.url, { headers: sameNetwork })), LIMIT);
});

test("the server ignores X-Forwarded-For of an untrusted proxy", async () => {
  await using server = await fresh({ BETTER_AUTH_TRUSTED_PROXIES: "192.0.2.1" });
  const headers = (i: number) => ({ "x-forwarded-for": `203.0.113.${i}` });
  assert.equal(tried(await guess(server.url, { headers })), LIMIT);
});

test("without a trusted proxy, requests without a password are not limited, because they may be for many users", async () => {
  await using server = await fresh();
  const { sessionToken } = await signIn(server.url, "/api/auth/sign-up/email", ADA);
  for (let i = 0; i < 120; i++) await fetchToken(server.url, sessionToken);
  for (let i = 0; i < 120; i++) assert.equal((await fetchKeys(server.url)).length, 1);
});

test("session exchanges of a trusted edge count for the client that the edge names", async () => {
  await using server = await fresh({ BETTER_AUTH_TRUSTED_PROXIES: "127.0.0.1" });
  const { sessionToken } = await signIn(server.url, "/api/auth/sign-up/email", ADA);
  const exchange = async (address: string) => {
    const authorization = `Bearer ${sessionToken}`;
    const response = await fetch(`${server.url}/api/auth/token?disableRefresh=true`, {
      headers: { authorization, "x-forwarded-for": address },
    });
    await response.body?.cancel();
    return response.status;
  };
  const statuses: number[] = [];
  for (let i = 0; i < 101; i++) statuses.push(await exchange("203.0.113.1"));
  assert.deepEqual([statuses.at(99), statuses.at(100)], [200, 429]);
  assert.equal(await exchange("203.0.113.2"), 200);
});

test("trusted proxies must be addresses or CIDR ranges", async () => {
  const { code, stderr } = await runToEnd("src/server.ts", {
    BETTER_AUTH_SECRET: "a secret for tests, long enough to pass",
    BETTER_AUTH_TRUSTED_PROXIES: "10.0.0.1, proxy, 0.0.0.0/0, 10.0.0.0/33, ::/0, 1.2.3.4/8/8",
  });
  assert.equal(code, 1);
  const named = [...stderr.matchAll(/BETTER_AUTH_TRUSTED_PROXIES: .*got "(.*)"/g)];
  assert.deepEqual(
    named.map(([, proxy]) => proxy),
    ["proxy", "0.0.0.0/0", "10.0.0.0/33", "::/0", "1.2.3.4/8/8"],
  );
});

/** One verifier for all requests to a Worker, in workerd. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { startWorker } from "./hosts/workerd.ts";
import { deferred, serve, until } from "./servers.ts";
import { newSigner, token } from "./tokens.ts";
import type { Worker } from "./workerd.process.ts";

const ISSUER = "https://app.example.com";
const signer = newSigner("EdDSA");
const keySet = { body: { keys: [signer.jwk] } };

test("requests to a Worker share a verifier, and none hangs if the client whose request fetches the keys aborts", async () => {
  const { promise: published, resolve: publish } = deferred();
  await using keys = await serve(async () => {
    await published;
    return keySet;
  });
  await using worker = await start();
  const verify = verifierIn(worker, keys.url);

  const aborter = new AbortController();
  const aborted = verify("aborted", aborter.signal).catch(() => "rejected");
  await until(() => keys.requests.length === 1);
  const users = Array.from({ length: 8 }, (_, index) => `user-${index}`);
  const verified = Promise.all(users.map((user) => verify(user)));
  aborter.abort();
  assert.equal(await aborted, "rejected");
  publish();
  assert.deepEqual(await verified, users);
  assert.equal(await verify("later"), "later");
});

test("a fetch of the keys survives the client that started it", async () => {
  await using keys = await serve(async () => {
    await setTimeout(300);
    return keySet;
  });
  await using worker = await start();
  const verify = verifierIn(worker, keys.url);

  const aborter = new AbortController();
  const aborted = verify("aborted", aborter.signal).catch(() => "rejected");
  await until(() => keys.requests.length === 1);
  aborter.abort();
  assert.equal(await aborted, "rejected");
  const started = Date.now();
  assert.equal(await verify("next"), "next");
  assert.ok(Date.now() - started < 3_000, `${Date.now() - started} ms`);
  assert.equal(keys.requests.length, 1);
});

async function start(): Promise<Worker & AsyncDisposable> {
  const worker = await startWorker("shared-verifier.ts");
  return { ...worker, [Symbol.asyncDispose]: worker.stop };
}

/** A function that sends a user's token to the Worker, which responds with the user's id. */
function verifierIn(worker: Worker, keysUrl: string) {
  const options = { jwksUrl: `${keysUrl}/`, issuer: ISSUER, audience: ISSUER };
  return async (user: string, signal: AbortSignal | null = null): Promise<string> => {
    const exp = Math.floor(Date.now() / 1000) + 600;
    const jwt = token(signer, { iss: ISSUER, aud: ISSUER, exp, sub: user });
    const body = JSON.stringify({ options, token: jwt });
    const response = await fetch(worker.url, { method: "POST", body, signal });
    return response.text();
  };
}

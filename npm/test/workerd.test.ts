import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { startWorker } from "./hosts/workerd.ts";
import { newSigner, token } from "./tokens.ts";

test("requests to a Worker share a verifier, and none waits for another's fetch for ever", async () => {
  const signer = newSigner("EdDSA");
  const waiting: ServerResponse[] = [];
  const keys = createServer((_, response) => waiting.push(response)).listen(0, "127.0.0.1");
  await once(keys, "listening");
  const worker = await startWorker("shared-verifier.ts");
  try {
    const issuer = "https://app.example.com";
    const exp = Math.floor(Date.now() / 1000) + 600;
    const jwksUrl = `http://127.0.0.1:${(keys.address() as AddressInfo).port}/`;
    const ask = async (user: string, signal?: AbortSignal) => {
      const claims = { iss: issuer, aud: issuer, exp, sub: user };
      const body = { options: { jwksUrl, issuer, audience: issuer }, token: token(signer, claims) };
      const request = { method: "POST", body: JSON.stringify(body), signal: signal ?? null };
      return (await fetch(worker.url, request)).text();
    };

    // the first one fetches, and is given up by its caller before the set is there
    const aborter = new AbortController();
    const given = ask("given-up", aborter.signal).catch(() => "given up");
    await until(() => waiting.length === 1);
    const users = Array.from({ length: 8 }, (_, index) => `user-${index}`);
    const answers = Promise.all(users.map((user) => ask(user)));
    aborter.abort();
    assert.equal(await given, "given up");
    // later fetches get a response too
    keys.on("request", () => answer());
    const answer = () => {
      for (const response of waiting.splice(0)) {
        response.end(JSON.stringify({ keys: [signer.jwk] }));
      }
    };
    answer();
    assert.deepEqual(await answers, users);
    assert.equal(await ask("later"), "later");
  } finally {
    await worker.stop();
    keys.closeAllConnections();
    keys.close();
  }
});

test("a client that hangs up does not take the fetch from others", async () => {
  const signer = newSigner("EdDSA");
  let asked = 0;
  const keys = createServer((_, response) => {
    asked++;
    setTimeout(() => response.end(JSON.stringify({ keys: [signer.jwk] })), 300);
  }).listen(0, "127.0.0.1");
  await once(keys, "listening");
  const worker = await startWorker("shared-verifier.ts");
  try {
    const issuer = "https://app.example.com";
    const jwksUrl = `http://127.0.0.1:${(keys.address() as AddressInfo).port}/`;
    const exp = Math.floor(Date.now() / 1000) + 600;
    const ask = async (user: string, signal?: AbortSignal) => {
      const claims = { iss: issuer, aud: issuer, exp, sub: user };
      const body = { options: { jwksUrl, issuer, audience: issuer }, token: token(signer, claims) };
      const request = { method: "POST", body: JSON.stringify(body), signal: signal ?? null };
      return (await fetch(worker.url, request)).text();
    };
    const aborter = new AbortController();
    const given = ask("given-up", aborter.signal).catch(() => "given up");
    await until(() => asked === 1);
    aborter.abort();
    assert.equal(await given, "given up");
    const started = Date.now();
    assert.equal(await ask("patient"), "patient");
    assert.ok(Date.now() - started < 3_000, `${Date.now() - started} ms`);
    assert.equal(asked, 1);
  } finally {
    await worker.stop();
    keys.closeAllConnections();
    keys.close();
  }
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** The start of the middleware in a Node server, during which requests may arrive. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createMiddleware } from "better-auth-edge/next";
import { type NextFetchEvent, NextRequest } from "next/server.js";
import { newSigner } from "./tokens.ts";

test("requests that arrive during the start do not repeat its warnings", async (context) => {
  const warnings: string[] = [];
  for (const method of ["warn", "log", "error"] as const) {
    context.mock.method(console, method, (text: unknown) => void warnings.push(String(text)));
  }
  const { d, x } = newSigner("EdDSA").privateKey.export({ format: "jwk" });
  process.env.NEXT_RUNTIME = "nodejs";
  context.after(() => delete process.env.NEXT_RUNTIME);
  const middleware = createMiddleware({
    baseURL: "https://auth.example",
    jwks: { keys: [newSigner("EdDSA").jwk] },
    signingKey: { kty: "OKP", crv: "Ed25519", d, x },
  });
  const event = { waitUntil: () => {} } as unknown as NextFetchEvent;
  const ask = () => middleware(new NextRequest("https://app.example/api/tasks"), event);
  const responses = await Promise.all([ask(), ask()]);
  assert.deepEqual(
    responses.map(({ status }) => status),
    [401, 401],
  );
  assert.equal(warnings.filter((text) => /session_?exchange/i.test(text)).length, 1, `${warnings}`);
});

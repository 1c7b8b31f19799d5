/** Concurrent calls start one instance of the wasm. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createVerifier } from "better-auth-edge";
import { newSigner, token } from "./tokens.ts";

const signer = newSigner("EdDSA");
const now = Math.floor(Date.now() / 1000);
const issuer = "https://a.example";
const options = { jwks: { keys: [signer.jwk] }, issuer, audience: issuer };
const good = token(signer, { iss: issuer, aud: issuer, sub: "ada", iat: now, exp: now + 900 });

test("concurrent calls wait for one instance, at first and after a trap", async (context) => {
  const started = context.mock.method(WebAssembly, "instantiate");
  const compiled = context.mock.method(WebAssembly, "Module");
  const verifiers = await ten(() => createVerifier(options));
  assert.equal(started.mock.callCount(), 1);
  const [verifier] = verifiers;
  assert.ok(verifier);
  // what the wasm calls overflows the stack
  context.mock.method(Date, "now").mock.mockImplementationOnce(() => {
    throw new RangeError("Maximum call stack size exceeded");
  });
  await assert.rejects(verifier.verify(good), { code: "edge_unavailable" });
  for (const { user } of await ten(() => verifier.verify(good))) assert.equal(user.id, "ada");
  assert.equal(started.mock.callCount(), 2);
  assert.equal(compiled.mock.callCount(), 1);
});

function ten<T>(call: () => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: 10 }, call));
}

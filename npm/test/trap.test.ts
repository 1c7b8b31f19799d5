/** What the package does after a trap of the wasm. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { flipped, newSigner, token } from "./tokens.ts";

const PROGRAM = fileURLToPath(new URL("trap.process.ts", import.meta.url));
/** Pages of 64 KiB: more than the wasm starts with, fewer than with a full cache of tokens. */
const MEMORY = "--wasm-max-mem-pages=60";

test("after a trap, verifiers and their gateways work again, and no call counts as valid", async () => {
  const signer = newSigner("EdDSA");
  const now = Math.floor(Date.now() / 1000);
  const origin = "https://a.example";
  const claims = { iss: origin, aud: origin, sub: "ada", iat: now, exp: now + 900 };
  const data = Array(4_000).fill(0);
  const good = token(signer, claims);
  const input = {
    options: { jwks: { keys: [signer.jwk] }, issuer: origin, audience: origin },
    fillers: Array.from({ length: 300 }, (_, jti) =>
      token(signer, { ...claims, jti: `${jti}`, data }),
    ),
    good,
    bad: flipped(good, 2),
  };
  const running = promisify(execFile)(process.execPath, [MEMORY, "--import", "tsx", PROGRAM]);
  running.child.stdin?.end(JSON.stringify(input));
  const { stdout } = await running;
  assert.deepEqual(JSON.parse(stdout), {
    before: ["ada", "ok"],
    trap: { code: "edge_unavailable", status: 503, retryAfter: 1, cause: "RuntimeError" },
    after: ["ada", "bad_signature", "ok", "user_mismatch", "bad_signature"],
    // it waited in the instance that has trapped
    early: "edge_unavailable",
    late: "ada",
    overflowed: "edge_unavailable",
    recovered: ["ada", "bad_signature"],
    another: "bad_signature",
  });
});

/** The same cases on every runtime, with the built package. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createLocalJWKSet, jwtVerify } from "jose";
import { cases, published, startKeys } from "./cases.ts";
import { inChromium } from "./hosts/chromium.ts";
import { onDeno } from "./hosts/deno.ts";
import { onEdgeLight } from "./hosts/edge-light.ts";
import type { Outcome } from "./hosts/judge.ts";
import { onNode } from "./hosts/node.ts";
import { onWorkerd } from "./hosts/workerd.ts";
import type { KeyServer } from "./key-server.ts";

const hosts = {
  node: onNode,
  workerd: onWorkerd,
  "edge-light": onEdgeLight,
  chromium: inChromium,
  // if `cargo xtask test npm` could install it
  ...(process.env.DENO && { deno: onDeno }),
};

const STATUS: Record<string, number> = {
  insufficient_claims: 403,
  misconfigured: 500,
  keys_unavailable: 503,
};

let server: KeyServer;
before(async () => {
  server = await startKeys();
});
after(() => server.close());

const outcomesOf: Record<string, Outcome[][]> = {};

for (const [host, run] of Object.entries(hosts)) {
  describe(host, () => {
    before(async () => {
      outcomesOf[host] = await run(cases, `${server.url}/${host}`);
    });

    for (const [index, one] of cases.entries()) {
      test(one.name, () => {
        const outcomes = outcomesOf[host]?.[index] ?? [];
        assert.deepEqual(outcomes.map(codeOf), one.expected, JSON.stringify(outcomes));
        for (const [index, outcome] of outcomes.entries()) {
          if ("result" in outcome) {
            assert.deepEqual(outcome.result, decoded(one.tokens[index], one.options));
          } else {
            assert.equal(outcome.status, STATUS[outcome.code] ?? 401);
            assert.equal(outcome.retries, outcome.code === "keys_unavailable");
          }
        }
        for (const [set, count] of Object.entries(one.fetches ?? {})) {
          assert.equal(server.fetches(`/${host}/${set}`), count, `fetches of ${set}`);
        }
      });
    }
  });
}

test("all hosts return the same results and the same messages", () => {
  for (const [host, outcomes] of Object.entries(outcomesOf)) {
    assert.equal(comparable(outcomes, host), comparable(outcomesOf.node, "node"), host);
  }
});

test("jose accepts every token that is accepted", async () => {
  // jose compares a key's `alg` literally, and EdDSA has two names
  const keys = published.map(({ alg: _, ...jwk }) => jwk);
  const accepted = cases.filter((one) => one.expected.includes("ok"));
  for (const { name, options, tokens, expected } of accepted) {
    // jose rejects a token without kid if several keys match
    if (name.startsWith("no kid")) continue;
    const { secret, clockTolerance = 5 } = options as { secret?: string; clockTolerance?: number };
    const key = secret ? () => new TextEncoder().encode(secret) : createLocalJWKSet({ keys });
    for (const token of tokens.filter((_, index) => expected[index] === "ok")) {
      await assert.doesNotReject(jwtVerify(String(token), key, { clockTolerance }), name);
    }
  }
});

/**
 * Removes the differences that hosts may have. They run one after another, so "expired 60 s ago"
 * may be 61 s on the next; each fetches from its own path; and a browser hides the target of a
 * redirect.
 */
function comparable(outcomes: Outcome[][] | undefined, host: string): string {
  return JSON.stringify(outcomes, null, 1)
    .replaceAll(/\b\d+ s /g, "… s ")
    .replaceAll(`/${host}/`, "/…/")
    .replaceAll(/(a redirect, which is not followed): 307 to [^"]*/g, "$1");
}

function codeOf(outcome: Outcome): string {
  return "code" in outcome ? outcome.code : "ok";
}

/** Decodes a token without verification. */
function decoded(token: unknown, options: unknown) {
  const [protectedHeader, payload] = String(token)
    .split(".", 2)
    .map((segment) => JSON.parse(Buffer.from(segment, "base64url").toString()));
  const { userClaim = "sub" } = options as { userClaim?: string };
  const { uuid, email, name } = payload;
  return {
    payload,
    protectedHeader,
    user: { id: payload[userClaim], uuid, email, name, claims: payload },
  };
}

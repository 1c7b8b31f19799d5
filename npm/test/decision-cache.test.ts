/** The Worker's cache of decisions is bounded by the memory of what it holds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DecisionCache } from "../../src/bindings/worker/decision_cache.js";
import type { ForwardPlan } from "../../src/bindings/worker/forward_plan.js";

const plan = {} as ForwardPlan;

test("it drops the oldest decision beyond 2,048", () => {
  const cache = filled(2_049, { accept: "*/*" });
  assert.equal(cache.get("0"), undefined);
  assert.equal(cache.get("1")?.id, 1);
  assert.equal(cache.get("2048")?.id, 2_048);
});

test("it drops decisions with large or many headers earlier", () => {
  for (const headers of [{ cookie: "x".repeat(40_000) }, shortHeaders(200)]) {
    const cache = filled(2_048, headers);
    const held = Array.from({ length: 2_048 }, (_, id) => cache.get(`${id}`)).filter(Boolean);
    assert.ok(held.length > 100 && held.length < 200, `${held.length} decisions`);
    assert.equal(held.at(-1)?.id, 2_047);
  }
});

test("a decision that replaces another, and a cleared cache, free the memory of the former", () => {
  const large = { cookie: "x".repeat(40_000) };
  const cache = filled(150, large);
  for (let id = 0; id < 1_000; id++) cache.insert("149", { id, headers: large, plan });
  assert.equal(cache.get("0")?.id, 0);
  assert.equal(cache.get("149")?.id, 999);
  cache.clear();
  assert.equal(cache.get("149"), undefined);
  for (let id = 0; id < 150; id++) cache.insert(`${id}`, { id, headers: large, plan });
  assert.equal(cache.get("0")?.id, 0);
});

function filled(count: number, headers: Record<string, string>): DecisionCache {
  const cache = new DecisionCache();
  for (let id = 0; id < count; id++) cache.insert(`${id}`, { id, headers, plan });
  return cache;
}

function shortHeaders(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, number) => [`h${number}`, ""]));
}

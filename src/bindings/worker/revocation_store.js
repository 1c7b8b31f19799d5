// The stores of revocations that a Worker can bind, as src/bindings/runtime/revocations.js calls
// them.

import { KvRevocations } from "./revocation_kv.js";

/** @typedef {import("../runtime/revocations.js").Store} Store */

/**
 * The store of a Durable Object namespace with the class `Revocations`.
 *
 * @param {DurableObjectNamespace} namespace
 * @returns {Store}
 */
export function objectStore(namespace) {
  // a new stub each time: one whose object has failed stays broken
  const object = (/** @type {number} */ shard) => namespace.get(namespace.idFromName(`shard-${shard}`));
  return {
    read: async (shard, after) => await object(shard).read(shard, after),
    append: async (shard, id, until, entries) =>
      await object(shard).append(shard, id, until, entries),
  };
}

/**
 * The store of a KV namespace.
 *
 * @param {KVNamespace} namespace
 * @returns {Store}
 */
export function kvStore(namespace) {
  return new KvRevocations(namespace);
}

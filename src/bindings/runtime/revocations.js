// Calls a store of revocations. Rust decides what is read and appended, and what the texts mean.

/**
 * A store: see `RevocationStore` in src/host/providers.rs for its texts.
 *
 * @typedef {(shard: number, after: string) => Promise<string>} Read
 * @typedef {(shard: number, id: string, until: number, entries: string) => Promise<boolean>} Append
 * @typedef {{ read: Read, append: Append }} Store
 */

/**
 * @param {unknown} value
 * @returns {boolean} whether the value can be called as a {@link Store}
 */
export function isStore(value) {
  return typeof value?.read === "function" && typeof value?.append === "function";
}

/**
 * @param {Store} store
 * @param {number} shard
 * @param {string} after
 * @returns {Promise<string>} a page; rejected with a sentence for the log
 */
export async function readRevocations(store, shard, after) {
  const page = await told(() => store.read(shard, after));
  if (typeof page !== "string") throw "the store returned no page";
  return page;
}

/**
 * @param {Store} store
 * @param {number} shard
 * @param {string} id
 * @param {number} until
 * @param {string} entries
 * @returns {Promise<boolean>} whether the event is new; rejected with a sentence for the log
 */
export async function appendRevocations(store, shard, id, until, entries) {
  const isNew = await told(() => store.append(shard, id, until, entries));
  if (typeof isNew !== "boolean") throw "the store did not say whether the event is new";
  return isNew;
}

/**
 * @template T
 * @param {() => Promise<T>} work
 */
async function told(work) {
  try {
    return await work();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    // one line of the log
    throw text.replaceAll(/\s+/g, " ").slice(0, 200);
  }
}

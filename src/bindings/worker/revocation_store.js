// The Durable Object as a store of revocations, and the texts that a store receives. The core has
// made them; a store checks them all the same, because every reader depends on their form.

/**
 * The store of a Durable Object namespace with the class `Revocations`.
 *
 * @param {DurableObjectNamespace} namespace
 * @returns {import("../runtime/revocations.js").Store}
 */
export function objectStore(namespace) {
  /** @param {number} shard */
  const object = (shard) => namespace.get(namespace.idFromName(`shard-${shard}`));
  return {
    // a new stub for each call: one whose object has failed stays broken
    read: async (shard, after) => await object(shard).read(shard, after),
    append: async (shard, id, until, entries) =>
      await object(shard).append(shard, id, until, entries),
  };
}

/**
 * An entry: `<key> <until> <not before>`, with times in seconds since 1970, or `*` for the end of
 * time. src/policy/revocation/ says what they mean.
 *
 * @typedef {{ key: string, until: string, notBefore: string }} Entry
 */

/** The most entries of one event. */
const MAX_ENTRIES = 1_000;
/** The most characters of an event's id. */
const MAX_ID = 1_024;
/** The end of the year 9999. */
const MAX_TIME = 253_402_300_800;

const ENTRY = /^([\w-]{22}) (\d{1,12}(?:\.\d{1,20})?) (\*|\d{1,12}(?:\.\d{1,20})?)$/;

/**
 * Parses the arguments of `append`.
 *
 * @param {unknown} id the event's id
 * @param {unknown} until seconds since 1970 until which the store remembers the event
 * @param {unknown} entries one per line
 * @returns {Entry[]}
 * @throws {TypeError} if an argument has another form
 */
export function parseEvent(id, until, entries) {
  if (typeof id !== "string" || id === "" || id.length > MAX_ID) {
    throw new TypeError("the event's id is not a text of 1 to 1024 characters");
  }
  if (typeof until !== "number" || !(until > 0 && until <= MAX_TIME)) {
    throw new TypeError("the event's end is not a time in seconds since 1970");
  }
  if (typeof entries !== "string") throw new TypeError("the entries are not a text");
  const lines = entries.split("\n").filter((line) => line !== "");
  if (lines.length > MAX_ENTRIES) throw new TypeError("an event has too many entries");
  return lines.map(parseEntry);
}

/**
 * @param {string} line
 * @returns {Entry}
 */
export function parseEntry(line) {
  const [, key, until, notBefore] = ENTRY.exec(line) ?? [];
  if (key === undefined || line.length > 100) throw new TypeError("an entry has another form");
  return { key, until, notBefore };
}

/** @param {Entry} entry */
export function formatEntry({ key, until, notBefore }) {
  return `${key} ${until} ${notBefore}`;
}

/**
 * The entry that revokes what either of two entries with one key revokes.
 *
 * @param {Entry} one
 * @param {Entry} other
 * @returns {Entry}
 */
export function merged(one, other) {
  return {
    key: one.key,
    until: later(one.until, other.until),
    notBefore: later(one.notBefore, other.notBefore),
  };
}

/**
 * @param {string} one
 * @param {string} other
 */
function later(one, other) {
  if (one === "*" || other === "*") return "*";
  return Number(one) >= Number(other) ? one : other;
}

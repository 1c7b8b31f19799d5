// The store of revocations in KV, for a Worker without Durable Objects. KV shows other data centers
// a change within about a minute, so a sign-out takes that long, and two data centers can accept
// one event. Entries are the metadata of keys, so that one call lists up to 1,000 of them. Their
// names begin with the time, so that a reader lists only what is new.

import { formatEntry, parseEvent } from "./revocation_store.js";

/** Seconds of one bucket of names. */
const BUCKET = 600;
/** Seconds after which every reader sees a new key, well above the minute of KV. */
const SETTLED = 300;
/** Seconds by which the clocks of two data centers differ at most. */
const SKEW = 60;
/** The most buckets that a reader lists one by one. */
const MAX_BUCKETS = 144;
/** The most entries of a page. */
const PAGE = 10_000;
/** Entries of one key: its metadata has at most 1,024 bytes as JSON. */
const ENTRIES_OF_KEY = 9;
/** KV stores a key for at least 60 seconds; this is more, because clocks differ. */
const MIN_TTL = 120;
/** The latest time at which KV can delete a key, in seconds since 1970. */
const MAX_EXPIRATION = 2 ** 31 - 1;

/**
 * The store of a KV namespace.
 *
 * @param {KVNamespace} namespace
 * @returns {import("../runtime/revocations.js").Store}
 */
export function kvStore(namespace) {
  return new KvRevocations(namespace);
}

/** Names of other keys in the namespace must not begin with `revocations/`. */
class KvRevocations {
  #namespace;

  /** @param {KVNamespace} namespace */
  constructor(namespace) {
    this.#namespace = namespace;
  }

  /**
   * A page of entries: see {@link import("./revocations.js").Revocations.read}. It repeats entries
   * of the last minutes, because older ones can still appear among them.
   *
   * @param {number} shard
   * @param {string} after the cursor of an earlier page; `""` for all entries
   * @returns {Promise<string>}
   */
  async read(shard, after) {
    const now = seconds();
    const [, cursor] = /^kv\.(\d{1,8})$/.exec(after) ?? [];
    const first = Number(cursor ?? 0);
    const reset = after !== "" && cursor === undefined ? " reset" : "";
    /** @type {string[]} entries of buckets that are read to their ends */
    let entries = [];
    /** @type {string[]} */
    let ofBucket = [];
    let bucket = first;
    for await (const found of this.#list(shard, first, bucketAt(now + SKEW))) {
      if (found.bucket !== bucket) {
        entries = entries.concat(ofBucket);
        [bucket, ofBucket] = [found.bucket, []];
      }
      ofBucket.push(...found.entries);
      if (entries.length + ofBucket.length <= PAGE) continue;
      if (entries.length === 0) {
        throw new Error("ten minutes have more revocations than a page: KV is too small for them");
      }
      return page(`kv.${bucket} 1${reset}`, entries);
    }
    const settled = Math.max(first, bucketAt(now - SETTLED));
    return page(`kv.${settled} 0${reset}`, entries.concat(ofBucket));
  }

  /**
   * Appends the entries of an event: see {@link import("./revocations.js").Revocations.append}.
   *
   * @param {number} shard
   * @param {string} id the event's id
   * @param {number} until seconds since 1970 until which the event is remembered
   * @param {string} entries one per line
   * @returns {Promise<boolean>} false if this data center sees that the event was appended
   */
  async append(shard, id, until, entries) {
    const parsed = parseEvent(id, until, entries);
    const event = `revocations/event/${shard}/${await digest(id)}`;
    if ((await this.#namespace.get(event)) !== null) return false;
    const now = seconds();
    const prefix = `${prefixOf(shard, bucketAt(now))}${crypto.randomUUID()}/`;
    const puts = [];
    for (let i = 0; i < parsed.length; i += ENTRIES_OF_KEY) {
      const some = parsed.slice(i, i + ENTRIES_OF_KEY);
      const end = Math.max(...some.map((entry) => Number(entry.until)));
      const metadata = { entries: some.map(formatEntry).join("\n") };
      puts.push(
        this.#namespace.put(prefix + i, "", { metadata, expiration: expiration(end, now) }),
      );
    }
    await Promise.all(puts);
    // the last: an event that is remembered has its entries stored
    await this.#namespace.put(event, "", { expiration: expiration(until, now) });
    return true;
  }

  /**
   * The keys of these buckets, in order.
   *
   * @param {number} shard
   * @param {number} first
   * @param {number} last
   * @returns {AsyncGenerator<{ bucket: number, entries: string[] }>}
   */
  async *#list(shard, first, last) {
    const isLong = last - first >= MAX_BUCKETS;
    const buckets = Array.from({ length: isLong ? 0 : last - first + 1 }, (_, i) => first + i);
    const prefixes = isLong ? [prefixOf(shard)] : buckets.map((bucket) => prefixOf(shard, bucket));
    for (const prefix of prefixes) {
      let cursor;
      do {
        const listed = await this.#namespace.list({ prefix, cursor });
        for (const { name, metadata } of listed.keys) {
          const bucket = Number(name.split("/")[2]);
          if (bucket < first || typeof metadata?.entries !== "string") continue;
          yield { bucket, entries: metadata.entries.split("\n") };
        }
        cursor = listed.list_complete ? undefined : listed.cursor;
      } while (cursor);
    }
  }
}

/** Seconds since 1970. */
function seconds() {
  return Date.now() / 1_000;
}

/** @param {number} time seconds since 1970 */
function bucketAt(time) {
  return Math.floor(time / BUCKET);
}

/**
 * The beginning of the names of a shard or of one of its buckets. Names sort by time.
 *
 * @param {number} shard
 * @param {number} [bucket]
 */
function prefixOf(shard, bucket) {
  const number = bucket === undefined ? "" : `${String(bucket).padStart(8, "0")}/`;
  return `revocations/${shard}/${number}`;
}

/**
 * @param {number} end
 * @param {number} now
 */
function expiration(end, now) {
  return Math.min(Math.ceil(Math.max(end, now + MIN_TTL)), MAX_EXPIRATION);
}

/**
 * @param {string} head the page's first line
 * @param {string[]} entries
 */
function page(head, entries) {
  return [head, ...entries].join("\n");
}

/** SHA-256, because the name of a key has at most 512 bytes. @param {string} text */
async function digest(text) {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

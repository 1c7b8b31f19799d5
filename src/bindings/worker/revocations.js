// The store of revocations: a Durable Object with a SQLite database, one object for each shard. It
// stores the entries of src/policy/revocation/, and knows neither users nor sessions.

import { DurableObject } from "cloudflare:workers";
import { formatEntry, merged, parseEntry, parseEvent } from "./revocation_store.js";

/** The most entries of a page. */
const PAGE = 10_000;
/** Milliseconds between two removals of what has expired. */
const PURGE_INTERVAL = 3_600_000;

/** Each change of an entry has a higher number than all before it: readers ask for what is new. */
const TABLES = `
  CREATE TABLE IF NOT EXISTS entries (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    until REAL NOT NULL,
    entry TEXT NOT NULL
  );
  CREATE TABLE IF NOT EXISTS events (id TEXT PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS epoch (id TEXT NOT NULL);
`;

/** The object of one shard. */
export class Revocations extends DurableObject {
  /** Names this content of the database: an object that lost it has another epoch. */
  #epoch;

  /**
   * @param {DurableObjectState} ctx
   * @param {object} env
   */
  constructor(ctx, env) {
    super(ctx, env);
    const { sql } = ctx.storage;
    sql.exec(TABLES);
    const found = sql.exec("SELECT id FROM epoch").toArray();
    this.#epoch = found.length > 0 ? found[0].id : crypto.randomUUID();
    if (found.length === 0) sql.exec("INSERT INTO epoch (id) VALUES (?)", this.#epoch);
  }

  /**
   * A page of entries, in the order of their changes.
   *
   * @param {number} _shard the number of this object
   * @param {string} after the cursor of an earlier page; `""` for all entries
   * @returns {string} the cursor, `1` if further pages follow or `0`, and ` reset` if the cursor is
   *   unknown and the page begins from the start; then the entries, one per line
   */
  read(_shard, after) {
    const { sql } = this.ctx.storage;
    const last = this.#lastNumber();
    const number = this.#numberOf(after, last);
    const rows = sql.exec(
      "SELECT number, entry FROM entries WHERE number > ? AND until > ? ORDER BY number LIMIT ?",
      number ?? 0,
      Date.now() / 1_000,
      PAGE + 1,
    );
    const found = rows.toArray();
    const hasMore = found.length > PAGE;
    if (hasMore) found.pop();
    const cursor = `${this.#epoch}.${hasMore ? found[PAGE - 1].number : last}`;
    const reset = number === undefined ? " reset" : "";
    return [`${cursor} ${hasMore ? 1 : 0}${reset}`, ...found.map(({ entry }) => entry)].join("\n");
  }

  /**
   * Appends the entries of an event. When this returns, they are on disk: until then, the runtime
   * holds the result back.
   *
   * @param {number} _shard the number of this object
   * @param {string} id the event's id
   * @param {number} until seconds since 1970 until which the object remembers the event
   * @param {string} entries one per line
   * @returns {Promise<boolean>} false if the object has seen the event; it then appends nothing
   * @throws {TypeError} if an argument has another form
   */
  async append(_shard, id, until, entries) {
    const parsed = parseEvent(id, until, entries);
    const { storage } = this.ctx;
    const isNew = storage.transactionSync(() => {
      if (storage.sql.exec("SELECT 1 FROM events WHERE id = ?", id).toArray().length > 0) {
        return false;
      }
      storage.sql.exec("INSERT INTO events (id, until) VALUES (?, ?)", id, until);
      for (const entry of parsed) this.#put(entry);
      return true;
    });
    if (isNew && (await storage.getAlarm()) === null) {
      await storage.setAlarm(Date.now() + PURGE_INTERVAL);
    }
    return isNew;
  }

  /** Removes what has expired, and comes back while something is left. */
  async alarm() {
    const { sql } = this.ctx.storage;
    const now = Date.now() / 1_000;
    sql.exec("DELETE FROM entries WHERE until <= ?", now);
    sql.exec("DELETE FROM events WHERE until <= ?", now);
    const [{ left }] = sql
      .exec("SELECT EXISTS (SELECT 1 FROM entries) OR EXISTS (SELECT 1 FROM events) AS left")
      .toArray();
    if (left) await this.ctx.storage.setAlarm(Date.now() + PURGE_INTERVAL);
  }

  /**
   * Stores an entry under a new number. There is one for each key, so that repeats do not fill the
   * table.
   *
   * @param {import("./revocation_store.js").Entry} entry
   */
  #put(entry) {
    const { sql } = this.ctx.storage;
    const [old] = sql.exec("SELECT entry FROM entries WHERE key = ?", entry.key).toArray();
    const whole = old ? merged(entry, parseEntry(old.entry)) : entry;
    sql.exec(
      "INSERT OR REPLACE INTO entries (key, until, entry) VALUES (?, ?, ?)",
      whole.key,
      Number(whole.until),
      formatEntry(whole),
    );
  }

  /** The highest number of a change so far, also of entries that are gone. */
  #lastNumber() {
    const [row] = this.ctx.storage.sql
      .exec("SELECT seq FROM sqlite_sequence WHERE name = 'entries'")
      .toArray();
    return row?.seq ?? 0;
  }

  /**
   * @param {string} cursor
   * @param {number} last the highest number so far
   * @returns {number | undefined} the number in a cursor of this object; `undefined` if another
   *   content of the database had the cursor
   */
  #numberOf(cursor, last) {
    if (cursor === "") return 0;
    const [epoch, number] = String(cursor).split(".");
    // a database that was restored to an earlier time has not reached the number
    const isKnown = epoch === this.#epoch && /^\d{1,16}$/.test(number) && Number(number) <= last;
    return isKnown ? Number(number) : undefined;
  }
}

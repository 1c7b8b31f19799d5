/**
 * Stores which sessions have ended, outside of the process, so that all processes refuse them. The
 * entries are opaque, and do not contain the ids of users or sessions.
 *
 * Pass the same object each time: each object has entries of its own.
 *
 * @example With streams of Redis, by the package `redis`:
 * ```ts
 * const name = (shard: number) => `revocations:${shard}`;
 * const revocations: RevocationStore = {
 *   async read(cursor, shard) {
 *     const start = cursor ? `(${cursor}` : "-";
 *     const found = await redis.xRange(name(shard), start, "+", { COUNT: 1000 });
 *     return {
 *       cursor: found.at(-1)?.id ?? cursor ?? "0-0",
 *       more: found.length === 1000,
 *       entries: found.map(({ message }) => ({
 *         text: message.text as string,
 *         expires: new Date(Number(message.expires)),
 *       })),
 *     };
 *   },
 *   async append(entries, event, shard) {
 *     const seen = { NX: true, PXAT: event.expires.getTime() } as const;
 *     if ((await redis.set(`${name(shard)}:${event.id}`, "1", seen)) === null) return false;
 *     const added = redis.multi();
 *     for (const { text, expires } of entries) {
 *       added.xAdd(name(shard), "*", { text, expires: String(expires.getTime()) });
 *     }
 *     // `revocationRetention` is a day by default: older entries have expired
 *     added.xTrim(name(shard), "MINID", Date.now() - 86_400_000);
 *     await added.exec();
 *     return true;
 *   },
 * };
 * ```
 */
export interface RevocationStore {
  /**
   * Reads the entries that were appended after a cursor.
   *
   * @param cursor the cursor of an earlier page; `undefined` for all entries
   * @param shard the part of the entries to read, a number from 0; there is one part unless
   *   `revocationShards` is greater than 1
   * @returns the entries in the order in which they were appended, at most 10,000
   */
  read(cursor: string | undefined, shard: number): Promise<RevocationPage>;
  /**
   * Appends the entries of an event, unless the store has seen the event. Once the promise is
   * fulfilled, no crash loses them.
   *
   * @param entries the entries, which the store may delete after they have expired
   * @param event the event: the store remembers its `id` until it has expired
   * @param shard the part of the entries to append to
   * @returns whether the event is new
   */
  append(entries: RevocationEntry[], event: RevocationEvent, shard: number): Promise<boolean>;
}

/** Entries of a {@link RevocationStore}. */
export interface RevocationPage {
  /** The cursor after the last entry: 1 to 128 printable ASCII characters without spaces. */
  cursor: string;
  entries: RevocationEntry[];
  /** Whether there are further entries now. Default: `false`. */
  more?: boolean | undefined;
  /**
   * Whether the store did not know the cursor, and the page begins with the first entry. Default:
   * `false`.
   */
  reset?: boolean | undefined;
}

/** What ends sessions, in a form that only the edge reads. */
export interface RevocationEntry {
  /** At most 100 printable ASCII characters. */
  text: string;
  /** When the store may delete it. */
  expires: Date;
}

/** A message of the auth server, for which a store has entries. */
export interface RevocationEvent {
  /** At most 1,024 characters. */
  id: string;
  /** When the store may forget it. */
  expires: Date;
}

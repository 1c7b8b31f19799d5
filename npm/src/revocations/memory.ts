import type { RevocationEntry, RevocationEvent, RevocationPage, RevocationStore } from "./store.ts";

/**
 * Makes a store of revocations in the memory of this process, for one process that runs as long as
 * its sessions, and for tests. A restart loses the entries, and other processes do not see them:
 * pass a {@link RevocationStore} of your own then.
 *
 * @returns the store, for the option `revocations`
 *
 * @example
 * ```ts
 * const revocations = memoryRevocations();
 * const decision = await verifier.verifyRequest(request, {
 *   revocations,
 *   edgeIssuer: "https://app.example.com",
 * });
 * ```
 */
export function memoryRevocations(): RevocationStore {
  return new MemoryRevocations();
}

class MemoryRevocations implements RevocationStore {
  readonly #shards = new Map<number, Shard>();

  async read(cursor: string | undefined, shard: number): Promise<RevocationPage> {
    return this.#shard(shard).read(cursor);
  }

  async append(
    entries: RevocationEntry[],
    event: RevocationEvent,
    shard: number,
  ): Promise<boolean> {
    return this.#shard(shard).append(entries, event);
  }

  #shard(number: number): Shard {
    const shard = this.#shards.get(number) ?? new Shard();
    this.#shards.set(number, shard);
    return shard;
  }
}

/** The most entries of a page. */
const PAGE = 10_000;
/** Milliseconds between two removals of what has expired. */
const PURGE_INTERVAL = 60_000;

class Shard {
  /** Marks the cursors of this shard: those of another store are unknown. */
  readonly #epoch = crypto.randomUUID();
  /** Entries in the order of their numbers. */
  #entries: { number: number; entry: RevocationEntry }[] = [];
  #last = 0;
  /** The times, in milliseconds since 1970, until which events are remembered. */
  readonly #events = new Map<string, number>();
  #purgedAt = Date.now();

  read(cursor: string | undefined): RevocationPage {
    const [epoch, after] = cursor?.split(".") ?? [this.#epoch, "0"];
    const isKnown = epoch === this.#epoch;
    const begin = isKnown ? this.#indexAfter(Number(after)) : 0;
    const found = this.#entries.slice(begin, begin + PAGE);
    const more = begin + PAGE < this.#entries.length;
    const number = (more ? found.at(-1)?.number : undefined) ?? this.#last;
    const entries = found.map(({ entry }) => entry);
    return { cursor: `${this.#epoch}.${number}`, entries, more, reset: !isKnown };
  }

  append(entries: RevocationEntry[], { id, expires }: RevocationEvent): boolean {
    if (this.#events.has(id)) return false;
    this.#purge();
    this.#events.set(id, expires.getTime());
    for (const entry of entries) this.#entries.push({ number: ++this.#last, entry });
    return true;
  }

  #indexAfter(number: number): number {
    let index = this.#entries.length;
    // from the end, where most readers are
    while (index > 0 && (this.#entries[index - 1]?.number ?? 0) > number) index--;
    return index;
  }

  #purge(): void {
    const now = Date.now();
    if (now - this.#purgedAt < PURGE_INTERVAL) return;
    this.#purgedAt = now;
    this.#entries = this.#entries.filter(({ entry }) => entry.expires.getTime() > now);
    for (const [id, until] of this.#events) if (until <= now) this.#events.delete(id);
  }
}

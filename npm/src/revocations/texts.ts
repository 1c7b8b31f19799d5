import type { RevocationEntry, RevocationPage, RevocationStore } from "./store.ts";

/**
 * A store as the wasm calls it: with the texts of `RevocationStore` in `src/host/providers.rs`.
 *
 * @internal
 */
export interface TextStore {
  read(shard: number, after: string): Promise<string>;
  append(shard: number, id: string, until: number, entries: string): Promise<boolean>;
}

/**
 * Converts a store for the wasm. Other values are returned as they are, for the wasm to reject.
 *
 * @internal
 */
export function textStore(store: unknown): unknown {
  if (!isStore(store)) return store;
  const texts: TextStore = {
    read: async (shard, after) => pageText(await store.read(after || undefined, shard)),
    append: async (shard, id, until, entries) => {
      const event = { id, expires: dateOf(until) };
      return await store.append(lines(entries).map(toEntry), event, shard);
    },
  };
  return texts;
}

function isStore(value: unknown): value is RevocationStore {
  if (typeof value !== "object" || value === null) return false;
  const { read, append } = value as { [name in keyof RevocationStore]: unknown };
  return typeof read === "function" && typeof append === "function";
}

function pageText(page: RevocationPage): string {
  const { cursor, entries, more = false, reset = false } = page ?? {};
  if (typeof cursor !== "string" || !/^[!-~]{1,128}$/.test(cursor)) {
    throw new TypeError("the store returned no cursor of 1 to 128 printable characters");
  }
  if (!Array.isArray(entries)) throw new TypeError("the store returned no array of entries");
  const texts = entries.map((entry) => {
    if (typeof entry?.text === "string" && /^[ -~]{1,100}$/.test(entry.text)) return entry.text;
    throw new TypeError("the store returned an entry that it did not receive");
  });
  return [`${cursor} ${more ? 1 : 0}${reset ? " reset" : ""}`, ...texts].join("\n");
}

/** The second word of an entry is its end, in seconds since 1970. */
function toEntry(text: string): RevocationEntry {
  return { text, expires: dateOf(Number(text.split(" ")[1])) };
}

/** @param time in seconds since 1970 */
function dateOf(time: number): Date {
  return new Date(Math.ceil(time * 1_000));
}

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

/** Something that has ended. */
export type EdgeEvent =
  | { type: "session"; sid: string; sub: string; not_before?: number }
  | { type: "user"; sub: string; not_before: number }
  | { type: "keys"; not_before: number };

/** An event, and when the session that it ends began, in seconds since 1970. */
export interface Occurrence {
  event: EdgeEvent;
  began?: number | undefined;
}

/** The most events of one token. */
const MOST_EVENTS = 100;

/** The most bytes of the events of one token: an edge reads 16,384 bytes, in base64url. */
const MOST_BYTES = 11_000;

/** The events that remain, in groups that fit in a token. */
export function batches(occurrences: Occurrence[]): EdgeEvent[][] {
  const all: EdgeEvent[][] = [];
  let batch: EdgeEvent[] = [];
  let size = 0;
  for (const event of remaining(occurrences)) {
    const bytes = new TextEncoder().encode(JSON.stringify(event)).length + 1;
    if (batch.length === MOST_EVENTS || (batch.length > 0 && size + bytes > MOST_BYTES)) {
      all.push(batch);
      batch = [];
      size = 0;
    }
    batch.push(event);
    size += bytes;
  }
  return batch.length > 0 ? [...all, batch] : all;
}

/** Each event once, without those of sessions that an event of their user ends too. */
function remaining(occurrences: Occurrence[]): EdgeEvent[] {
  const users = new Map<string, number>();
  for (const { event } of occurrences) {
    if (event.type !== "user") continue;
    users.set(event.sub, Math.max(event.not_before, users.get(event.sub) ?? 0));
  }
  const events = new Map<string, EdgeEvent>();
  for (const { event, began = Number.POSITIVE_INFINITY } of occurrences) {
    if (event.type === "keys") {
      events.set("keys", event);
    } else if (event.type === "user") {
      const { sub } = event;
      events.set(`user ${sub}`, { ...event, not_before: users.get(sub) ?? event.not_before });
    } else if (began >= (users.get(event.sub) ?? 0)) {
      events.set(`session ${event.sid} ${event.sub}`, event);
    }
  }
  return [...events.values()];
}

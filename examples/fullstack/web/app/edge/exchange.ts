/** A request through the edge, and what became of it. */

/** A header of a request. */
export interface SentHeader {
  name: string;
  value: string;
  /** The value on the page, if it is not the whole one. */
  shown?: string;
  /** What is wrong with it, if something is. */
  note?: string;
}

/** A request to send. The browser adds no cookie. */
export interface Sent {
  /** The id of the user in the path. */
  owner: string;
  headers: SentHeader[];
}

/** What FastAPI reports about a request that it has accepted. */
export interface Seen {
  user: { id: string; name?: string | null; email?: string | null };
  /** The headers that only the edge may set, by their names in lower case. */
  headers: Record<string, string[]>;
}

/** A response, and FastAPI's own record of the request. */
export interface Exchange {
  requestId: string;
  status: number;
  /** The code and the detail of a rejection. */
  problem?: { code: string; detail: string };
  /** Whether FastAPI received the request. `undefined`: its record could not be read. */
  arrived?: boolean;
  seen?: Seen;
}

/** The path of a request: FastAPI responds there with what it has received. */
export function pathOf(owner: string): string {
  return `/api/${owner}/whoami`;
}

/** Sends a request, and asks FastAPI whether it has arrived. */
export async function exchange({ owner, headers }: Sent, userId: string): Promise<Exchange> {
  // the edge forwards the id, so FastAPI can say whether it has seen it
  const requestId = crypto.randomUUID();
  const sent = new Headers({ "x-request-id": requestId });
  for (const { name, value } of headers) sent.append(name, value);
  const response = await fetch(pathOf(owner), {
    credentials: "omit",
    cache: "no-store",
    headers: sent,
  });
  const { status } = response;
  const body = await response.json().catch(() => undefined);
  const arrived = await hasArrived(requestId, userId);
  if (response.ok) return { requestId, status, arrived, seen: body };
  const { code = "no code", detail = "The response has no detail." } = body ?? {};
  return { requestId, status, arrived, problem: { code, detail } };
}

/** FastAPI's own record, read with the session of this page. */
async function hasArrived(requestId: string, userId: string): Promise<boolean | undefined> {
  const path = `/api/${userId}/arrivals/${requestId}`;
  const response = await fetch(path, { cache: "no-store" });
  return response.ok ? (await response.json()).arrived : undefined;
}

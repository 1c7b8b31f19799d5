import type { AuthContext, JwtOptions } from "./better-auth.ts";
import { type EdgeEvent, signEvents } from "./event-token.ts";

const PATH = "/.well-known/better-auth-edge/events";

/** Milliseconds before each further attempt. */
const DELAYS = [250, 1_000, 4_000, 15_000, 30_000];

/** Milliseconds until an edge must have answered. */
const TIMEOUT = 5_000;

/** The most events of one token. */
const BATCH = 100;

/** Deliveries that may be on their way at once. */
const MOST_DELIVERIES = 1_000;

/** How events are delivered. */
export interface DeliveryOptions {
  edges: string[];
  fetch: typeof fetch;
  waitUntil: (task: Promise<unknown>) => void;
}

/** Sends events to the edges in the background. Those of one moment travel together. */
export class Delivery {
  readonly #context: AuthContext;
  readonly #jwt: JwtOptions;
  readonly #options: DeliveryOptions;
  #pending: EdgeEvent[] = [];
  #running = 0;

  constructor(context: AuthContext, jwt: JwtOptions, options: DeliveryOptions) {
    this.#context = context;
    this.#jwt = jwt;
    this.#options = options;
  }

  /** Sends an event. Never throws, and delays nothing. */
  send(event: EdgeEvent): void {
    if (this.#options.edges.length === 0) return;
    this.#pending.push(event);
    if (this.#pending.length > 1) return;
    const soon = new Promise<void>((resolve) => setTimeout(resolve, 0));
    this.#options.waitUntil(soon.then(() => this.#flush()));
  }

  async #flush(): Promise<void> {
    const events = this.#pending;
    this.#pending = [];
    const batches: EdgeEvent[][] = [];
    for (let i = 0; i < events.length; i += BATCH) batches.push(events.slice(i, i + BATCH));
    const deliveries = this.#options.edges.flatMap((edge) =>
      batches.map((batch) => this.#deliver(edge, batch)),
    );
    await Promise.all(deliveries);
  }

  async #deliver(edge: string, events: EdgeEvent[]): Promise<void> {
    if (this.#running >= MOST_DELIVERIES)
      return this.#give_up(edge, events, "too many are waiting");
    this.#running += 1;
    try {
      for (const delay of [0, ...DELAYS]) {
        if (delay > 0) await sleep(delay);
        const failure = await this.#attempt(edge, events);
        if (failure === undefined) return;
        if (!failure.mayPass) return this.#give_up(edge, events, failure.reason);
        this.#context.logger.warn(
          `better-auth-edge: ${edge} did not take events: ${failure.reason}`,
        );
      }
      this.#give_up(edge, events, "no attempt succeeded");
    } finally {
      this.#running -= 1;
    }
  }

  /** Why the edge did not take the events; `undefined` if it did. */
  async #attempt(edge: string, events: EdgeEvent[]): Promise<Failure | undefined> {
    let token: string | undefined;
    try {
      token = await signEvents(this.#context, this.#jwt, edge, events);
    } catch (error) {
      return { reason: reasonOf(error), mayPass: true };
    }
    if (token === undefined) return undefined;
    try {
      const response = await this.#options.fetch(`${edge}${PATH}`, {
        method: "POST",
        headers: { "content-type": "application/jwt" },
        body: token,
        redirect: "manual",
        signal: AbortSignal.timeout(TIMEOUT),
      });
      const { status } = response;
      if (status === 204 || status === 409) {
        await response.body?.cancel();
        return undefined;
      }
      const code = codeOf(await response.text());
      const mayPass = status >= 500 || status === 408 || status === 429;
      return { reason: `it answered ${status}${code && ` ${code}`}`, mayPass };
    } catch (error) {
      return { reason: reasonOf(error), mayPass: true };
    }
  }

  #give_up(edge: string, events: EdgeEvent[], reason: string): void {
    const count = `${events.length} ${events.length === 1 ? "event" : "events"}`;
    this.#context.logger.error(`better-auth-edge: ${edge} did not get ${count}: ${reason}`);
  }
}

interface Failure {
  reason: string;
  /** Whether another attempt could succeed. */
  mayPass: boolean;
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/** The code of a problem response, or an empty text. */
function codeOf(body: string): string {
  try {
    const { code } = JSON.parse(body);
    return typeof code === "string" && /^[a-z_]{1,40}$/.test(code) ? code : "";
  } catch {
    return "";
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : "";
  return `${error.message}${cause}`;
}

import { type AuthContext, now } from "./better-auth.ts";
import { batches, type EdgeEvent, type Occurrence } from "./event.ts";
import { signEvents } from "./event-token.ts";
import type { JwtPlugin } from "./jwt-plugin.ts";
import { nextStep } from "./next-step.ts";

const PATH = "/.well-known/better-auth-edge/events";

/** Milliseconds for which events wait for others, so that they travel together. */
const GATHERING = 50;

/** Milliseconds before each further attempt. */
const DELAYS = [250, 1_000, 4_000, 15_000, 30_000];

/** Milliseconds until an edge must have answered. */
const TIMEOUT = 5_000;

/** Deliveries that may be on their way to one edge at once. */
const MOST_DELIVERIES = 1_000;

/** Codes of an edge that has not fetched the key yet, or has a clock that is behind. */
const TEMPORARY = new Set(["unknown_key", "not_yet_valid"]);

/** How events are delivered. */
export interface DeliveryOptions {
  edges: string[];
  fetch: typeof fetch;
  waitUntil: (task: Promise<unknown>) => void;
}

/** Sends events to the edges in the background. Those of one moment travel together. */
export class Delivery {
  readonly #context: AuthContext;
  readonly #jwt: JwtPlugin;
  readonly #options: DeliveryOptions;
  #gathered: Occurrence[] = [];
  /** By edge, so that one that is down keeps no event from another. */
  readonly #loads: Map<string, Load>;

  constructor(context: AuthContext, jwt: JwtPlugin, options: DeliveryOptions) {
    this.#context = context;
    this.#jwt = jwt;
    this.#options = options;
    const load = () => ({ running: 0, isOverfull: false });
    this.#loads = new Map(options.edges.map((edge) => [edge, load()]));
  }

  /** Sends an event. Delays nothing. */
  send(occurrence: Occurrence): void {
    if (this.#options.edges.length === 0) return;
    this.#gathered.push(occurrence);
    if (this.#gathered.length === 1) {
      this.#options.waitUntil(sleep(GATHERING).then(() => this.#flush()));
    }
  }

  async #flush(): Promise<void> {
    const occurrences = this.#gathered;
    this.#gathered = [];
    const all = batches(occurrences);
    await Promise.all(
      this.#options.edges.flatMap((edge) => all.map((events) => this.#deliver(edge, events))),
    );
  }

  async #deliver(edge: string, events: EdgeEvent[]): Promise<void> {
    const load = this.#loads.get(edge) as Load;
    if (load.running >= MOST_DELIVERIES) {
      if (!load.isOverfull) this.#giveUp(edge, events, "too many others are waiting");
      load.isOverfull = true;
      return;
    }
    load.isOverfull = false;
    load.running += 1;
    try {
      await this.#attempts(edge, events);
    } finally {
      load.running -= 1;
    }
  }

  async #attempts(edge: string, events: EdgeEvent[]): Promise<void> {
    let reason = "";
    // of all attempts: an edge with a clock that is behind accepts a later one
    const issued = Math.floor(now());
    for (const delay of [0, ...DELAYS]) {
      if (delay > 0) await sleep(delay);
      const failure = await this.#attempt(edge, events, issued);
      if (failure === undefined) return;
      if (!failure.mayPass) return this.#giveUp(edge, events, failure.reason);
      if (!reason) {
        this.#context.logger.warn(`better-auth-edge: trying ${edge} again: ${failure.reason}`);
      }
      reason = failure.reason;
    }
    this.#giveUp(edge, events, reason);
  }

  /** Why the edge did not take the events; `undefined` if it did. */
  async #attempt(edge: string, events: EdgeEvent[], issued: number): Promise<Failure | undefined> {
    try {
      const response = await this.#options.fetch(`${edge}${PATH}`, {
        method: "POST",
        headers: { "content-type": "application/jwt" },
        body: await signEvents(this.#context, this.#jwt, { edge, events, issued }),
        redirect: "manual",
        signal: AbortSignal.timeout(TIMEOUT),
      });
      const { status } = response;
      const body = await response.text();
      // 409: the edge has them
      if (status === 204 || status === 409) return undefined;
      const code = codeOf(body);
      const mayPass = status >= 500 || status === 408 || status === 429 || TEMPORARY.has(code);
      const answer = `it answered ${status} ${code}`.trimEnd();
      const reason = [answer, nextStep(status, code)].filter(Boolean).join("; ");
      return { reason, mayPass };
    } catch (error) {
      return { reason: reasonOf(error), mayPass: true };
    }
  }

  #giveUp(edge: string, events: EdgeEvent[], reason: string): void {
    const count = events.length === 1 ? "an event" : `${events.length} events`;
    this.#context.logger.error(`better-auth-edge: ${edge} did not get ${count}: ${reason}`);
  }
}

interface Load {
  running: number;
  /** Whether the last events were given up for that reason. */
  isOverfull: boolean;
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

/** A token in memory, and how long it is good for by this machine's clocks, right or wrong. */

/** Up to this long before a token's end it is renewed, in milliseconds. */
const MAX_MARGIN = 60_000;
/** What a request may take to arrive, in milliseconds: a token is not sent when it is as good as over. */
const TRAVEL = 2_000;

/** A token that Better Auth has just given. */
export class Token {
  /** The compact JWS, as it is sent. */
  readonly value: string;
  /** Whom it is for, as far as can be read; nothing but "the same or another" hangs on it. */
  readonly subject: unknown;
  /** Milliseconds from its issue to its end; endless where it does not say. */
  readonly #lifetime: number;
  readonly #received = { date: Date.now(), time: performance.now() };

  constructor(value: string) {
    this.value = value;
    const { sub, iat, exp } = readClaims(value);
    this.subject = sub;
    this.#lifetime = lifetime(iat, exp, this.#received.date);
  }

  /** Whether it is time for another one. */
  get isDue(): boolean {
    return this.#age() >= this.#lifetime - Math.min(MAX_MARGIN, this.#lifetime / 4);
  }

  /** Whether it is too late to send it. */
  get isOver(): boolean {
    return this.#age() >= this.#lifetime - Math.min(TRAVEL, this.#lifetime / 8);
  }

  /**
   * Neither clock alone is enough: `performance` may stand still while a laptop sleeps, and the date
   * may be set back.
   */
  #age(): number {
    return Math.max(Date.now() - this.#received.date, performance.now() - this.#received.time);
  }
}

/**
 * A token is issued when it is asked for, so from `iat` to `exp` is what is left of it, whatever this
 * machine believes that the time is. Without `iat` there is only its date to go by.
 */
function lifetime(iat: unknown, exp: unknown, now: number): number {
  if (typeof exp !== "number") return Number.POSITIVE_INFINITY;
  return Math.max(0, typeof iat === "number" ? (exp - iat) * 1000 : exp * 1000 - now);
}

/** Read, not verified: that is for the edge. */
function readClaims(token: string): Record<string, unknown> {
  try {
    const payload = token.split(".")[1] ?? "";
    const binary = atob(payload.replace(/-/g, "+").replace(/_/g, "/"));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof claims === "object" && claims !== null ? { ...claims } : {};
  } catch {
    return {};
  }
}

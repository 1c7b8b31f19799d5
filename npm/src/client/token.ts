/** A token in memory, and how long it is good for by this machine's clocks, right or wrong. */

/** Up to this long before a token's end it is renewed, in milliseconds. */
const MAX_MARGIN = 60_000;
/** What a request may take to arrive, in milliseconds: a token is not sent when it is as good as over. */
const TRAVEL = 2_000;

/** A token that Better Auth has just given. */
export class Token {
  /** The compact JWS, as it is sent. */
  readonly value: string;
  /** Who it is for, as far as can be read; nothing but "the same or another" depends on it. */
  readonly #identity: Identity;
  /** Milliseconds from its issue to its end; endless where it does not say. */
  readonly #lifetime: number;
  readonly #received = { date: Date.now(), time: performance.now() };

  constructor(value: string) {
    this.value = value;
    const claims = readClaims(value);
    const { iat, exp } = claims;
    this.#identity = readIdentity(claims);
    this.#lifetime = lifetime(iat, exp, this.#received.date);
  }

  /** Whether it says who it is for. */
  get isNamed(): boolean {
    return this.#identity.size > 0;
  }

  /** Whether the other one is for the same user; `undefined` where the two do not tell. */
  isForUserOf(other: Token): boolean | undefined {
    const common = [...this.#identity].filter(([name]) => other.#identity.has(name));
    if (common.length === 0) return undefined;
    return common.every(([name, value]) => other.#identity.get(name) === value);
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

/** The claims that name a user, and what they say. */
type Identity = Map<string, string>;

/** `id` counts only by itself: in tokens of one's own it may be the token's. An address may change. */
function readIdentity({ sub, uuid, id }: Record<string, unknown>): Identity {
  const named = Object.entries({ sub, uuid }).filter(isText);
  return new Map(named.length > 0 ? named : Object.entries({ id }).filter(isText));
}

function isText(member: [string, unknown]): member is [string, string] {
  return typeof member[1] === "string" && member[1] !== "";
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

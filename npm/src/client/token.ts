/** A token is renewed at most this long before it expires, in milliseconds. */
const MAX_MARGIN = 60_000;
/** Milliseconds that a request may take to arrive: a token that expires sooner is not sent. */
const TRANSIT_TIME = 2_000;

/**
 * A cached token and its remaining lifetime, which does not depend on this machine's clock.
 *
 * @internal
 */
export class Token {
  /** The compact JWS. */
  readonly value: string;
  /** The claims that name the user, unverified: used only to compare the users of two tokens. */
  readonly #identity: Identity;
  /** Milliseconds from the token's issue to its expiry; infinite if it has no `exp`. */
  readonly #lifetime: number;
  readonly #received = { date: Date.now(), time: performance.now() };

  /** @param value a compact JWS that Better Auth has just issued */
  constructor(value: string) {
    this.value = value;
    const claims = readClaims(value);
    const { iat, exp } = claims;
    this.#identity = readIdentity(claims);
    this.#lifetime = lifetime(iat, exp, this.#received.date);
  }

  /** Whether the token contains a claim that identifies its user. */
  get identifiesUser(): boolean {
    return this.#identity.size > 0;
  }

  /** Whether both tokens belong to the same user; `undefined` if they have no claim in common. */
  hasSameUserAs(other: Token): boolean | undefined {
    const common = [...this.#identity].filter(([name]) => other.#identity.has(name));
    if (common.length === 0) return undefined;
    return common.every(([name, value]) => other.#identity.get(name) === value);
  }

  /** Whether the client should fetch another token. */
  get isDueForRenewal(): boolean {
    return this.#age() >= this.#lifetime - Math.min(MAX_MARGIN, this.#lifetime / 4);
  }

  /** Whether the token is too old to be sent. */
  get isExpired(): boolean {
    return this.#age() >= this.#lifetime - Math.min(TRANSIT_TIME, this.#lifetime / 8);
  }

  /**
   * Milliseconds since the token was received. One clock is not enough: `performance` may stop
   * while a machine sleeps, and the date may be set back.
   */
  #age(): number {
    return Math.max(Date.now() - this.#received.date, performance.now() - this.#received.time);
  }
}

/** The claims that name a user, and their values. */
type Identity = Map<string, string>;

/**
 * `id` counts only if the token has neither `sub` nor `uuid`: in an application's own tokens it may
 * be the token's ID. `email` does not count, because a user can change it.
 */
function readIdentity({ sub, uuid, id }: Record<string, unknown>): Identity {
  const named = Object.entries({ sub, uuid }).filter(isText);
  return new Map(named.length > 0 ? named : Object.entries({ id }).filter(isText));
}

function isText(member: [string, unknown]): member is [string, string] {
  return typeof member[1] === "string" && member[1] !== "";
}

/**
 * Better Auth issues a token when it is requested, so `exp - iat` is its remaining lifetime,
 * independent of this machine's clock. Without `iat` the lifetime depends on that clock.
 */
function lifetime(iat: unknown, exp: unknown, now: number): number {
  if (typeof exp !== "number") return Number.POSITIVE_INFINITY;
  return Math.max(0, typeof iat === "number" ? (exp - iat) * 1000 : exp * 1000 - now);
}

/** Decodes the claims without verifying them: the edge does that. */
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

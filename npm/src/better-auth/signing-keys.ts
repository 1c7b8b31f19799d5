import { type AuthContext, now, seconds } from "./better-auth.ts";
import type { Occurrence } from "./event.ts";
import { headerOf } from "./jwt-plugin.ts";

/** Seconds for which a key is new. */
const NEW = 60;

/** Notices new signing keys by the tokens that they sign. */
export class SigningKeys {
  readonly #context: AuthContext;
  readonly #send: (occurrence: Occurrence) => void;
  #kid: unknown;

  constructor(context: AuthContext, send: (occurrence: Occurrence) => void) {
    this.#context = context;
    this.#send = send;
  }

  /** Tells the edges if the key of a token replaced another. */
  async used(token: unknown): Promise<void> {
    const { kid } = headerOf(token);
    if (kid === undefined || kid === this.#kid) return;
    const isReplaced = this.#kid !== undefined || (await this.#isNew(kid));
    this.#kid = kid;
    if (isReplaced) this.#send({ event: { type: "keys", not_before: now() } });
  }

  /** Whether a key, the first that this process sees, may be unknown to the edges. */
  async #isNew(kid: unknown): Promise<boolean> {
    const where = [{ field: "id", value: kid }];
    const key = await this.#context.adapter.findOne({ model: "jwks", where }).catch(() => null);
    return now() - (seconds(key?.createdAt) ?? 0) < NEW;
  }
}

// The decisions to forward that can be replayed. src/gateway/decision_cache.rs says for how long
// one is valid.

/** @typedef {import("./forward.js").Fields} Fields */
/** @typedef {import("./forward_plan.js").ForwardPlan} ForwardPlan */

/**
 * A decision to forward: its id in the wasm, the edited headers and the plan. The first replay
 * makes `Headers` of the headers, which take less time to send again.
 *
 * @typedef {{ id: number, headers: Fields | Headers, plan: ForwardPlan }} CachedDecision
 */

/** The most decisions. The wasm caches as many. */
const MAX_DECISIONS = 2048;

/** The most memory of all decisions, as {@link sizeOf} estimates it. */
const MAX_SIZE = 8_000_000;

/** What a header takes beside its text. */
const HEADER_SIZE = 200;

/** The most recent decisions. They belong to one instance of the wasm. */
export class DecisionCache {
  /** @type {Map<string, CachedDecision & { size: number }>} */
  #decisions = new Map();
  #size = 0;

  /** @param {string} head of the request @returns {CachedDecision | undefined} */
  get(head) {
    return this.#decisions.get(head);
  }

  /**
   * Adds a decision, and drops the oldest ones beyond the limits.
   *
   * @param {string} head
   * @param {CachedDecision} decision its headers are still a plain object
   */
  insert(head, { id, headers, plan }) {
    this.#delete(head);
    const size = head.length + sizeOf(headers);
    this.#size += size;
    this.#decisions.set(head, { id, headers, plan, size });
    // a Map's first key is its oldest
    for (const oldest of this.#decisions.keys()) {
      if (this.#decisions.size <= MAX_DECISIONS && this.#size <= MAX_SIZE) break;
      this.#delete(oldest);
    }
  }

  clear() {
    this.#decisions.clear();
    this.#size = 0;
  }

  /** @param {string} head */
  #delete(head) {
    this.#size -= this.#decisions.get(head)?.size ?? 0;
    this.#decisions.delete(head);
  }
}

/** An estimate in bytes. @param {Fields | Headers} headers */
function sizeOf(headers) {
  return Object.values(headers).reduce((size, value) => size + HEADER_SIZE + value.length, 0);
}

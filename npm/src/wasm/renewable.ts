import { load } from "#wasm";
import type { Glue, WaitUntil } from "./glue.ts";

/**
 * An object of the wasm. After a trap, it is made again from its options, in another instance.
 *
 * @internal
 */
export class Renewable<T> {
  readonly #make: (glue: Glue) => T;
  #glue: Glue;
  #object: T;

  /** Makes the object, which takes options or rejects them. */
  static make<T, Options>(
    glue: Glue,
    options: Options,
    make: (glue: Glue, options: Options) => T,
  ): Renewable<T> {
    const object = make(glue, options);
    const own = copied(options);
    return new Renewable(glue, object, (glue) => make(glue, own));
  }

  constructor(glue: Glue, object: T, make: (glue: Glue) => T) {
    this.#make = make;
    this.#glue = glue;
    this.#object = object;
  }

  /** The runtime's function for the current request. */
  get waitUntil(): WaitUntil {
    return this.#glue.waitUntil;
  }

  /** The object; `undefined` after a trap. */
  get current(): T | undefined {
    return this.#glue.hasTrapped ? undefined : this.#object;
  }

  /** Makes the object again after a trap. */
  async renewed(): Promise<T> {
    const glue = await load();
    // a concurrent call can have made it
    if (glue !== this.#glue) {
      this.#object = this.#make(glue);
      this.#glue = glue;
    }
    return this.#object;
  }
}

/**
 * Copies valid options. The caller can change its own at any time: add an audience for another
 * verifier, or overwrite a secret.
 *
 * @internal
 */
export function copied<T>(value: T): T {
  return copy(value) as T;
}

function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy);
  if (value instanceof Uint8Array) return value.slice();
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, copy(member)]));
}

/** Whether a value is a plain object, of any realm. */
function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

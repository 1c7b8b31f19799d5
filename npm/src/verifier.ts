import { load } from "#wasm";
import { toEdgeAuthError } from "./error.ts";
import { fingerprint } from "./fingerprint.ts";
import { createGateway, type Decision, type Gateway, type GatewayOptions } from "./gateway.ts";
import type { VerifierOptions } from "./options.ts";
import type { RequestHead } from "./request-head.ts";
import type { VerifyResult } from "./result.ts";
import type { WasmVerifier } from "./wasm/glue.ts";
import { copied, Renewable } from "./wasm/renewable.ts";

/**
 * Makes a verifier. The first call compiles the wasm. The verifier fetches nothing before the first
 * token requires a key.
 *
 * Make one verifier and use it for all tokens: it caches the key set and the verified tokens.
 *
 * @param options the source of the keys, and which tokens to accept
 * @returns the verifier
 * @throws {EdgeAuthError} `misconfigured`: the message lists all errors in the options
 *
 * @example
 * ```ts
 * const verifier = await createVerifier({ baseURL: "https://app.example.com" });
 * const { user } = await verifier.verify(token);
 * ```
 */
export function createVerifier(options: VerifierOptions): Promise<Verifier> {
  return verifierWithClock(options);
}

/**
 * Makes a verifier.
 *
 * @param clock returns milliseconds since 1970; the runtime's clock by default
 *
 * @internal
 */
export async function verifierWithClock(
  options: VerifierOptions,
  clock?: () => number,
): Promise<Verifier> {
  const glue = await load();
  try {
    const wasm = Renewable.make(glue, options, (glue, options) => {
      const wasm = glue.createVerifier(options);
      wasm.setWaitUntil(glue.waitUntil);
      if (clock) wasm.setClock(clock);
      return wasm;
    });
    return new Verifier(wasm, copied(options));
  } catch (error) {
    throw toEdgeAuthError(error);
  }
}

/** Verifies tokens of one Better Auth server. {@link createVerifier} makes it. */
export class Verifier {
  static {
    // Stack traces show the name, and minifiers remove it. SWC minifies a static field wrongly.
    Object.defineProperty(Verifier, "name", { value: "Verifier" });
  }

  readonly #wasm: Renewable<WasmVerifier>;
  readonly #options: VerifierOptions;
  readonly #gateways = new Map<string, Gateway>();

  /** @internal */
  constructor(wasm: Renewable<WasmVerifier>, options: VerifierOptions) {
    this.#wasm = wasm;
    this.#options = options;
  }

  /**
   * Verifies a compact JWS: its form, its algorithm, its signature, and every claim that the
   * options require, in this order.
   *
   * @param token the token without `Bearer `
   * @returns the claims, the protected header and the user
   * @throws {EdgeAuthError} with the code of the first check that failed; `edge_unavailable` if the
   *   wasm has trapped, which the next call mends
   */
  async verify<Claims extends object = Record<never, never>>(
    token: string,
  ): Promise<VerifyResult<Claims>> {
    try {
      const wasm = this.#wasm.current ?? (await this.#wasm.renewed());
      return (await wasm.verify(token)) as VerifyResult<Claims>;
    } catch (error) {
      throw toEdgeAuthError(error);
    }
  }

  /**
   * Decides about a request as the Worker does: reads its credentials, applies the rules, and keeps
   * users out of each other's paths.
   *
   * `sessionExchange` and `cookieCache` require the verifier's `baseURL`.
   *
   * @param request a `Request`, Node's `IncomingMessage`, or an object with `method`, `headers` and
   *   a `url` that is absolute or a target, `/path?query`. Do not build a URL from `Host` yourself.
   * @param options the rules and other options; those that are absent are the verifier's
   * @returns the headers to forward and the user, or the response to send
   * @throws {EdgeAuthError} `misconfigured`: the message lists all errors in the options;
   *   `edge_unavailable`: the wasm has trapped, which the next call mends
   *
   * @example
   * ```ts
   * const decision = await verifier.verifyRequest(request, {
   *   routes: [{ path: "/api/{user_id}/*", match: { user_id: "sub" } }],
   * });
   * if (!decision.ok) return decision.response;
   * console.log(decision.user?.id);
   * ```
   */
  async verifyRequest(request: RequestHead, options: GatewayOptions = {}): Promise<Decision> {
    // the caller may write the options as a literal in each call
    const key = fingerprint(options);
    let gateway = this.#gateways.get(key);
    if (!gateway) {
      gateway = await createGateway(options, this.#options);
      if (this.#gateways.size === MOST_GATEWAYS) this.#gateways.clear();
      this.#gateways.set(key, gateway);
    }
    return gateway.decide(request);
  }
}

/** More sets of rules than an application has. */
const MOST_GATEWAYS = 100;

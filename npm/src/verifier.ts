import { load } from "#wasm";
import { toEdgeAuthError } from "./error.ts";
import { fingerprint } from "./fingerprint.ts";
import { createGateway, type Decision, type Gateway, type GatewayOptions } from "./gateway.ts";
import type { VerifierOptions } from "./options.ts";
import type { RequestHead } from "./request-head.ts";
import type { VerifyResult } from "./result.ts";
import type { WasmVerifier } from "./wasm/glue.ts";

/**
 * Makes a verifier. Nothing is fetched before the first token asks for a key; the wasm is compiled by
 * the first call.
 *
 * Keep the verifier: it holds the key set and remembers tokens that it has verified.
 *
 * @throws {EdgeAuthError} `misconfigured`: the message lists every fault of the options at once
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
 * The same with a clock, in milliseconds since 1970, in place of the runtime's own.
 *
 * @internal
 */
export async function verifierWithClock(
  options: VerifierOptions,
  clock?: () => number,
): Promise<Verifier> {
  const glue = await load();
  try {
    const wasm = glue.createVerifier(options);
    wasm.setWaitUntil(glue.waitUntil);
    if (clock) wasm.setClock(clock);
    return new Verifier(wasm, options);
  } catch (error) {
    throw toEdgeAuthError(error);
  }
}

/** Verifies tokens of one Better Auth server. {@link createVerifier} makes it. */
export class Verifier {
  static {
    // traces and `console.log` show it, and minifying takes it away; a static field is minified wrongly by SWC
    Object.defineProperty(Verifier, "name", { value: "Verifier" });
  }

  readonly #wasm: WasmVerifier;
  readonly #options: VerifierOptions;
  readonly #gateways = new Map<string, Gateway>();

  /** @internal */
  constructor(wasm: WasmVerifier, options: VerifierOptions) {
    this.#wasm = wasm;
    this.#options = { ...options };
  }

  /**
   * Verifies a compact JWS: its form, its algorithm, its signature, and every claim that the options
   * ask for, in this order.
   *
   * @param token without `Bearer `
   * @throws {EdgeAuthError} with the code of the first check that failed
   */
  async verify<Claims extends object = Record<never, never>>(
    token: string,
  ): Promise<VerifyResult<Claims>> {
    try {
      return (await this.#wasm.verify(token)) as VerifyResult<Claims>;
    } catch (error) {
      throw toEdgeAuthError(error);
    }
  }

  /**
   * Decides about a request as the Worker does: its credentials, the rules, the user's own paths. The
   * headers to go on with are those of the request without what was forged, and with who is calling.
   *
   * Sessions need a `baseURL`: `sessionExchange` and `cookieCache` ask there.
   *
   * @param request a `Request`, Node's `IncomingMessage`, or anything with `method`, `headers` and a `url`
   * that is absolute or a target, `/path?query`. Do not put a URL together from `Host` yourself.
   * @param options the rules, and what else there is to say; the same for many requests
   * @throws {EdgeAuthError} `misconfigured`: the message lists every fault of the options at once
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
    // whoever writes the options where they are used makes them anew each time
    const key = fingerprint(options);
    let gateway = this.#gateways.get(key);
    if (!gateway) {
      // an option that is undefined is absent, and takes none of the verifier's away
      const given = Object.entries(options).filter(([, value]) => value !== undefined);
      gateway = await createGateway({ ...this.#options, ...Object.fromEntries(given) });
      if (this.#gateways.size === MOST_GATEWAYS) this.#gateways.clear();
      this.#gateways.set(key, gateway);
    }
    return gateway.decide(request);
  }
}

/** Far more than an application has sets of rules. */
const MOST_GATEWAYS = 100;

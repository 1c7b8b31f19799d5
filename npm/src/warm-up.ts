import { load } from "#wasm";
import constants from "../../src/bindings/runtime/warm_up.json" with { type: "json" };
import { Gateway } from "./gateway.ts";
import type { Glue, Warmable } from "./wasm/glue.ts";
import { Renewable } from "./wasm/renewable.ts";

/**
 * Prepares this process or isolate for its first request: loads the wasm, verifies a built-in token
 * and decides about a built-in request. The JavaScript engine compiles each function when it is
 * called for the first time, so the first verification takes many times as long as the next one.
 *
 * Call it once, before the server listens, or in the global scope of a Worker, where it does not
 * wait for anything. It fetches no keys, and changes nothing but the speed: before or after
 * `createVerifier` makes no difference, and further calls are harmless. In a browser, it fetches
 * the wasm file. The import of the package alone does not load the wasm.
 *
 * @throws {EdgeAuthError} `misconfigured`: the wasm file is missing
 *
 * @example
 * ```ts
 * await warmUp();
 * server.listen(3000);
 * ```
 */
export async function warmUp(): Promise<void> {
  const glue = await load();
  try {
    await verify(glue);
    await decide(glue);
  } catch {
    // what remains is compiled when it is needed
  }
}

const { url, keys, signingKey, token } = constants;
const verifierOptions = { jwks: keys, issuer: url, audience: url };

function verify(glue: Glue): Promise<void> {
  return used(glue.createVerifier(verifierOptions), (verifier) => verifier.verify(token));
}

function decide(glue: Glue): Promise<void> {
  const options = {
    routes: [{ path: "/{user_id}/*", match: { user_id: "sub" } }],
    signingKey,
    logLevel: "none",
  };
  const request = {
    method: "GET",
    url: `${url}/warm-up/tasks`,
    headers: new Headers({ authorization: `Bearer ${token}` }),
  };
  const wasm = glue.createGateway(options, verifierOptions);
  return used(wasm, (wasm) => new Gateway(new Renewable(glue, wasm, () => wasm)).decide(request));
}

/** Uses an object of the wasm. Only a warm-up uses it. */
async function used<T extends Warmable>(object: T, use: (object: T) => unknown): Promise<void> {
  object.setForWarmUp();
  await use(object);
  object.free();
}

/**
 * A child process: exhausts the memory of the wasm, and prints what it then does with a good and a
 * bad token. Its input is a JSON text with the options, the tokens that fill the cache, and both
 * tokens.
 */
import { readFileSync } from "node:fs";
import { createVerifier, EdgeAuthError, type VerifierOptions } from "better-auth-edge";

interface Input {
  options: VerifierOptions;
  /** Valid tokens, more than fit into the memory. */
  fillers: string[];
  good: string;
  bad: string;
}

const { options, fillers, good, bad } = JSON.parse(readFileSync(0, "utf8")) as Input;
let isHeld = false;
let release = () => {};
const held = new Promise<void>((resolve) => {
  release = resolve;
});
/** Its first key set arrives after the trap. */
const waiting = await createVerifier({
  ...options,
  jwks: undefined,
  jwksUrl: "https://keys.example/jwks",
  fetch: async () => {
    if (!isHeld) {
      isHeld = true;
      await held;
    }
    return Response.json(options.jwks);
  },
});
const early = outcome(waiting.verify(good));

const changing = { ...options, audience: ["https://a.example"] };
const verifier = await createVerifier(changing);
const rules = { routes: [{ path: "/{id}", match: { id: "sub" } }] };
const request = (path: string, token: string) => ({
  method: "GET",
  url: `https://a.example${path}`,
  headers: new Headers({ authorization: `Bearer ${token}` }),
});
const decide = async (path: string, token: string) => {
  const decision = await verifier.verifyRequest(request(path, token), rules);
  return decision.ok ? "ok" : decision.code;
};
const before = [await outcome(verifier.verify(good)), await decide("/ada", good)];

let trap: unknown;
for (const filler of fillers) {
  trap = await verifier.verify(filler).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (trap !== undefined) break;
}
// what the caller changes now must not count
changing.audience.push("https://other.example");
changing.issuer = "https://other.example";
const after = await Promise.all([
  outcome(verifier.verify(good)),
  outcome(verifier.verify(bad)),
  decide("/ada", good),
  decide("/eve", good),
  decide("/ada", bad),
]);
release();
const { code, status, retryAfter, cause } = trap as EdgeAuthError;
// what the wasm calls overflows the stack, once
const { now } = Date;
Date.now = () => {
  Date.now = now;
  throw new RangeError("Maximum call stack size exceeded");
};
const overflowed = await outcome(verifier.verify(good));
const recovered = await Promise.all([good, bad].map((token) => outcome(verifier.verify(token))));
const result = {
  before,
  trap: { code, status, retryAfter, cause: (cause as Error).name },
  after,
  early: await early,
  late: await outcome(waiting.verify(good)),
  overflowed,
  recovered,
  another: await outcome((await createVerifier(options)).verify(bad)),
};
console.log(JSON.stringify(result));

async function outcome(verified: Promise<{ user: { id: string } }>): Promise<string> {
  try {
    return (await verified).user.id;
  } catch (error) {
    return error instanceof EdgeAuthError ? error.code : String(error);
  }
}

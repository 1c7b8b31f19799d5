// Warms up, on every host, and finds out whether the package verified what it should.
import { warmUp } from "better-auth-edge";

/**
 * Calls `warmUp`. A warm-up does not tell whether its token was verified, so this watches for the
 * claims, which are parsed only then: once for the verifier, and once for the decision.
 *
 * @throws if it was not
 */
export async function warm(): Promise<void> {
  const { parse } = JSON;
  let verified = 0;
  JSON.parse = (text, ...more) => {
    if (String(text).includes('"iss":"https://warm-up.invalid"')) verified++;
    return parse(text, ...more);
  };
  try {
    await warmUp();
  } finally {
    JSON.parse = parse;
  }
  if (verified !== 2) throw new Error(`the warm-up has verified ${verified} of 2 tokens`);
}

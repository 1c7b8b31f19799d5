// What runs on every host: it puts the cases to the package, and reports in JSON.
import { createVerifier, EdgeAuthError, type Verifier, type VerifyResult } from "better-auth-edge";
import type { Case } from "../cases.ts";

/** What a host says about one token. */
export type Outcome =
  | { result: VerifyResult }
  | { code: string; status: number; message: string; cause?: string; retries: boolean };

/** What it says about the tokens of every case, with the sets at `keys`. */
export async function judge(cases: Case[], keys: string): Promise<Outcome[][]> {
  const outcomes = [];
  for (const one of cases) outcomes.push(await judgeOne(one, keys));
  return outcomes;
}

async function judgeOne(one: Case, keys: string): Promise<Outcome[]> {
  let verifier: Verifier;
  try {
    verifier = await createVerifier(optionsOf(one, keys));
  } catch (error) {
    return one.tokens.map(() => refusal(error));
  }
  const verify = async (token: unknown) => {
    try {
      return { result: await verifier.verify(token as string) };
    } catch (error) {
      return refusal(error);
    }
  };
  if (one.together) return Promise.all(one.tokens.map(verify));
  const outcomes = [];
  for (const token of one.tokens) {
    outcomes.push(await verify(token));
    // what happens within a millisecond happens at once for the hosts' clocks, and on a fast machine a
    // fetch fits into one: the next token is to come in after it
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return outcomes;
}

/** biome-ignore lint/suspicious/noExplicitAny: wrong options are given on purpose */
function optionsOf({ options, change }: Case, keys: string): any {
  const changes = {
    "secret as bytes": () => ({ secret: new TextEncoder().encode(given.secret) }),
    "fetch of its own": () => ({
      fetch: (url: string, init: RequestInit) =>
        fetch(url.replace("https://keys.invalid", keys), init),
    }),
    "fetch that fails": () => ({
      fetch: () => {
        throw new TypeError("no network");
      },
    }),
  };
  if (typeof options !== "object" || options === null) return options;
  const given = JSON.parse(JSON.stringify(options).replaceAll("{keys}", keys));
  return change ? { ...given, ...changes[change]() } : given;
}

function refusal(error: unknown): Outcome {
  if (!(error instanceof EdgeAuthError)) throw error;
  if (!(error instanceof Error) || error.name !== "EdgeAuthError") throw error;
  const { code, status, message, cause, retryAfter } = error;
  const retries = retryAfter !== undefined && retryAfter > 0;
  return {
    code,
    status,
    message,
    retries,
    ...(cause instanceof Error && { cause: cause.message }),
  };
}

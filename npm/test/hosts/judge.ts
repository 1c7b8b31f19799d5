// Runs on every host: verifies the tokens of the cases and returns the outcomes as JSON values.
import { createVerifier, EdgeAuthError, type Verifier, type VerifyResult } from "better-auth-edge";
import type { Case } from "../cases.ts";
import { warm } from "./warm.ts";

/** A host's result or error for one token. */
export type Outcome =
  | { result: VerifyResult }
  | { code: string; status: number; message: string; cause?: string; retries: boolean };

/** The outcomes of the tokens of every case. `keys` is the URL of the key sets. */
export async function judge(cases: Case[], keys: string): Promise<Outcome[][]> {
  // without the wasm, the cases fail alike
  await warm().catch((error) => rejection(error));
  const outcomes = [];
  for (const one of cases) outcomes.push(await judgeOne(one, keys));
  return outcomes;
}

async function judgeOne(one: Case, keys: string): Promise<Outcome[]> {
  let verifier: Verifier;
  try {
    verifier = await createVerifier(optionsOf(one, keys));
  } catch (error) {
    return one.tokens.map(() => rejection(error));
  }
  const verify = async (token: unknown) => {
    try {
      return { result: await verifier.verify(token as string) };
    } catch (error) {
      return rejection(error);
    }
  };
  if (one.together) return Promise.all(one.tokens.map(verify));
  const outcomes = [];
  for (const token of one.tokens) {
    outcomes.push(await verify(token));
    // the hosts' clocks count milliseconds: verify the next token after the one of the last fetch
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return outcomes;
}

// biome-ignore lint/suspicious/noExplicitAny: some options are wrong on purpose
function optionsOf({ options, change }: Case, keys: string): any {
  const changes = {
    "secret as bytes": () => ({ secret: new TextEncoder().encode(values.secret) }),
    "custom fetch": () => ({
      fetch: (url: string, init: RequestInit) =>
        fetch(url.replace("https://keys.invalid", keys), init),
    }),
    "failing fetch": () => ({
      fetch: () => {
        throw new TypeError("no network");
      },
    }),
  };
  if (typeof options !== "object" || options === null) return options;
  const values = JSON.parse(JSON.stringify(options).replaceAll("{keys}", keys));
  return change ? { ...values, ...changes[change]() } : values;
}

function rejection(error: unknown): Outcome {
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

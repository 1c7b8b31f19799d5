import { EdgeAuthError } from "../error.ts";
import { createGateway } from "../gateway.ts";
import type { VerifierOptions } from "../options.ts";
import { unknownOptions } from "../unknown-options.ts";
import { type Verifier, verifierWithClock } from "../verifier.ts";
import { now } from "./clock.ts";
import { type GetUserOptions, signingKeys } from "./signing-keys.ts";

/** Issuer and audience of what the edge signs for the application that it is part of. */
const APP = "better-auth-edge:app";

/** Who is calling, as the edge has signed it. */
export interface User {
  /** The value of the user claim: `sub`, or what `userClaim` names. */
  id: string;
  /** The claim `uuid`, where it is a string. */
  uuid?: string;
  /** The claim `email`, where it is a string. */
  email?: string;
  /** The claim `name`, where it is a string. */
  name?: string;
  /** The token's claims, as far as the middleware passes them on: its option `claims`. */
  claims: Record<string, unknown>;
}

/**
 * Who is calling, in a server component, a route handler or a server action. `null` for nobody.
 *
 * Only what the middleware has signed is believed: where it did not run, because of a `matcher` or of a
 * way around it, there is nobody, whatever headers a client has sent.
 *
 * @param headers those of the request: `await headers()`
 * @throws {EdgeAuthError} `misconfigured` without a signing key
 *
 * @example
 * ```ts
 * import { headers } from "next/headers";
 *
 * const user = await getUser(headers());
 * if (!user) redirect("/sign-in");
 * ```
 */
export async function getUser(
  headers: ReadableHeaders | Promise<ReadableHeaders>,
  options: GetUserOptions = {},
): Promise<User | null> {
  const unknown = unknownOptions(options, ["signingKey", "nextSigningKey"]);
  if (unknown !== undefined) throw new EdgeAuthError("misconfigured", 500, unknown);
  const assertion = (await headers).get("x-edge-jwt-assertion");
  const verifier = await verifierOf(signingKeys(options));
  if (!assertion) return null;
  try {
    const { payload } = await verifier.verify<{ claims: User["claims"] }>(assertion);
    const user: User = { id: payload.sub as string, claims: payload.claims };
    for (const name of ["uuid", "email", "name"] as const) {
      const value = payload.claims[name];
      if (typeof value === "string") user[name] = value;
    }
    return user;
  } catch (error) {
    if (error instanceof EdgeAuthError && error.status === 401) return null;
    throw error;
  }
}

/** What is read of `Headers`, Next's own included. */
export interface ReadableHeaders {
  get(name: string): string | null;
}

let latest: { keys: string; verifier: Verifier } | undefined;

async function verifierOf(options: GetUserOptions): Promise<Verifier> {
  if (!options.signingKey) throw new EdgeAuthError("misconfigured", 500, NO_KEY);
  const keys = JSON.stringify(options);
  if (latest?.keys !== keys) {
    const jwks = await publicKeys(options);
    const expected = {
      jwks,
      algorithms: ["EdDSA"],
      issuer: APP,
      audience: APP,
      profile: "edge-assertion",
    } satisfies VerifierOptions;
    const verifier = await verifierWithClock(expected, now);
    latest = { keys, verifier };
  }
  return latest.verifier;
}

const NO_KEY =
  "getUser believes only what the middleware has signed, and there is no EDGE_SIGNING_KEY: " +
  "`npx better-auth-edge keygen` makes one";

/** The public halves, as the edge publishes them. */
async function publicKeys(options: GetUserOptions): Promise<{ keys: object[] }> {
  const url = "https://edge.invalid/.well-known/better-auth-edge/jwks.json";
  const gateway = await createGateway({ baseURL: "https://edge.invalid", ...options });
  const decision = await gateway.decide({ method: "GET", url, headers: new Headers() });
  if (decision.ok) throw new Error("the edge does not publish its keys");
  return (await decision.response.json()) as { keys: object[] };
}

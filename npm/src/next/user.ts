import { EdgeAuthError } from "../error.ts";
import { createGateway } from "../gateway.ts";
import type { VerifierOptions } from "../options.ts";
import { unknownOptions } from "../unknown-options.ts";
import { type Verifier, verifierWithClock } from "../verifier.ts";
import { now } from "./clock.ts";
import { type GetUserOptions, signingKeys } from "./signing-keys.ts";

/** Issuer and audience of the assertions that the middleware signs for its own application. */
const APP = "better-auth-edge:app";

/** The signed-in user, as the middleware's assertion states it. */
export interface User {
  /** The value of the user claim: `sub`, or the claim that `userClaim` names. */
  id: string;
  /** The claim `uuid`, if it is a string. */
  uuid?: string;
  /** The claim `email`, if it is a string. */
  email?: string;
  /** The claim `name`, if it is a string. */
  name?: string;
  /** The id of the administrator who acts as this user. Absent if the user acts alone. */
  impersonatedBy?: string;
  /** The token's claims that the middleware forwards: those that its option `claims` names. */
  claims: Record<string, unknown>;
}

/**
 * Returns the signed-in user in a server component, a route handler or a server action.
 *
 * The function trusts only the middleware's signature. If the middleware did not run, because of a
 * `matcher` or because the request bypassed it, the result is `null` for any headers of the client.
 *
 * @param headers the request's headers: `headers()` of `next/headers`, awaited or not
 * @param options the middleware's signing keys; by default those of the environment
 * @returns the user, or `null` if no user is signed in or the assertion is not valid
 * @throws {EdgeAuthError} `misconfigured` if there is no signing key, or if an option is unknown
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
  const verifier = await assertionVerifier(signingKeys(options));
  if (!assertion) return null;
  try {
    const verified = await verifier.verify<{ claims: User["claims"] }>(assertion);
    const { payload } = verified;
    const user: User = { id: payload.sub as string, claims: payload.claims };
    for (const name of ["uuid", "email", "name"] as const) {
      const value = payload.claims[name];
      if (typeof value === "string") user[name] = value;
    }
    const { impersonatedBy } = verified.user;
    if (impersonatedBy !== undefined) user.impersonatedBy = impersonatedBy;
    return user;
  } catch (error) {
    if (error instanceof EdgeAuthError && error.status === 401) return null;
    throw error;
  }
}

/** The part of `Headers` that {@link getUser} reads; Next's own headers have it too. */
export interface ReadableHeaders {
  /** The value of a header, or `null` if the request does not have it. */
  get(name: string): string | null;
}

let cached: { keys: string; verifier: Verifier } | undefined;

/** The verifier of the assertions that these keys sign: the cached one if the keys are the same. */
async function assertionVerifier(options: GetUserOptions): Promise<Verifier> {
  if (!options.signingKey) throw new EdgeAuthError("misconfigured", 500, NO_KEY);
  const keys = JSON.stringify(options);
  if (cached?.keys !== keys) {
    const jwks = await publicKeys(options);
    const expected = {
      jwks,
      algorithms: ["EdDSA"],
      issuer: APP,
      audience: APP,
      profile: "edge-assertion",
    } satisfies VerifierOptions;
    const verifier = await verifierWithClock(expected, now);
    cached = { keys, verifier };
  }
  return cached.verifier;
}

const NO_KEY =
  "EDGE_SIGNING_KEY is missing: getUser trusts only assertions that the middleware signs with it. " +
  "`npx better-auth-edge keygen` makes a key";

/** The public keys, as the edge publishes them. */
async function publicKeys(options: GetUserOptions): Promise<{ keys: object[] }> {
  const url = "https://edge.invalid/.well-known/better-auth-edge/jwks.json";
  const gateway = await createGateway({ baseURL: "https://edge.invalid", ...options });
  const decision = await gateway.decide({ method: "GET", url, headers: new Headers() });
  if (decision.ok) throw new Error("the edge does not publish its keys");
  return (await decision.response.json()) as { keys: object[] };
}

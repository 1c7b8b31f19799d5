// The keys, the claims and the options that the cases of `cases.ts` share.
import { type KeyServer, startKeyServer } from "./key-server.ts";
import { newSigner, type Signer, token } from "./tokens.ts";

/** A verifier's options, tokens, and the expected results. Every member is JSON. */
export interface Case {
  name: string;
  /** For `createVerifier`. `{keys}` in a URL stands for the key server, a folder for each host. */
  options: unknown;
  /** A change of the options that JSON cannot express. */
  change?: "secret as bytes" | "custom fetch" | "failing fetch";
  /** Verified by one verifier, one after another. */
  tokens: unknown[];
  /** Verifies the tokens concurrently. */
  together?: boolean;
  /** For each token: `ok`, or the code. */
  expected: string[];
  /** The number of fetches of each set, by its name. */
  fetches?: Record<string, number>;
}

export const ISSUER = "https://app.example.com";
export const SECRET = "a shared secret that is as long as a hash of 64 bytes: 0123456789abcdef";

/** Seconds since 1970, relative to now. */
export const at = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

export const claims = {
  iss: ISSUER,
  aud: ISSUER,
  sub: "user-1",
  iat: at(-60),
  exp: at(900),
  email: "ada@example.com",
  name: "Ada · 愛 · 🦉",
  uuid: "7d444840-9dc0-11d1-b245-5ffdce74fad2",
  role: ["admin", "editor"],
};

/** The claims without one of them. */
export function without(name: keyof typeof claims): object {
  const { [name]: _, ...rest } = claims;
  return rest;
}

export const keys = Object.fromEntries(
  ["EdDSA", "ES256", "ES384", "ES512", "PS256", "RS256"].map((alg) => [alg, newSigner(alg)]),
) as Record<"EdDSA" | "ES256" | "ES384" | "ES512" | "PS256" | "RS256", Signer>;
export const ed = keys.EdDSA;
export const stranger = newSigner("EdDSA", ed.kid);
/** Published after `all` has been fetched once. */
export const next = newSigner("EdDSA", "key-next");

/** All keys that the auth server publishes, `next` included. */
export const published = [...Object.values(keys), next].map((key) => key.jwk);

/** Starts the server of the key sets that the cases fetch. */
export function startKeys(): Promise<KeyServer> {
  const old = [stranger, keys.ES256].map((key) => key.jwk);
  return startKeyServer(published, published.slice(0, -1), old);
}

export const remote = { jwksUrl: "{keys}/all", issuer: ISSUER, audience: ISSUER };
export const fixed = (...signers: Pick<Signer, "jwk">[]) => ({
  jwks: { keys: signers.map((signer) => signer.jwk) },
  issuer: ISSUER,
  audience: ISSUER,
});
/** The key without its `kid`. */
export const unnamed = ({ jwk: { kid: _, ...jwk } }: Signer) => ({ jwk });
export const shared = { secret: SECRET, algorithms: ["HS256"], issuer: ISSUER, audience: ISSUER };
export const good = token(ed, claims);

/** A case with one token, verified by default with the server's keys. */
export function one(
  name: string,
  given: unknown,
  expected: string,
  options: object = remote,
): Case {
  return { name, options, tokens: [given], expected: [expected] };
}

// What every host has to say about which token: one list for all of them, in JSON.
import { type KeyServer, startKeyServer } from "./key-server.ts";
import {
  flipped,
  hmacToken,
  newSigner,
  type Signer,
  signature,
  signingInput,
  token,
} from "./tokens.ts";

/** A verifier, and what it says about tokens. */
export interface Case {
  name: string;
  /** For `createVerifier`. `{keys}` in a URL stands for the key server, a folder for each host. */
  options: unknown;
  /** How the host changes the options where JSON cannot say it. */
  change?: "secret as bytes" | "fetch of its own" | "fetch that fails";
  /** Verified one after the other by one verifier, or at the same time. */
  tokens: unknown[];
  together?: boolean;
  /** For each token: `ok`, or the code. */
  expected: string[];
  /** How often the set of this name is fetched. */
  fetches?: Record<string, number>;
}

const ISSUER = "https://app.example.com";
const SECRET = "a secret of both sides, as long as a hash of 64 bytes: 0123456789abcdef";

/** Seconds since 1970, relative to now. */
const at = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

const claims = {
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
function without(name: keyof typeof claims): object {
  const { [name]: _, ...rest } = claims;
  return rest;
}

const keys = Object.fromEntries(
  ["EdDSA", "ES256", "ES384", "ES512", "PS256", "RS256"].map((alg) => [alg, newSigner(alg)]),
) as Record<"EdDSA" | "ES256" | "ES384" | "ES512" | "PS256" | "RS256", Signer>;
const ed = keys.EdDSA;
const stranger = newSigner("EdDSA", ed.kid);
/** Published after `all` has been fetched once. */
const next = newSigner("EdDSA", "key-next");

/** The keys of the auth server, in the end. */
export const published = [...Object.values(keys), next].map((key) => key.jwk);

/** The sets that the cases ask for. */
export function startKeys(): Promise<KeyServer> {
  const old = [stranger, keys.ES256].map((key) => key.jwk);
  return startKeyServer(published, published.slice(0, -1), old);
}

const remote = { jwksUrl: "{keys}/all", issuer: ISSUER, audience: ISSUER };
const fixed = (...signers: Pick<Signer, "jwk">[]) => ({
  jwks: { keys: signers.map((signer) => signer.jwk) },
  issuer: ISSUER,
  audience: ISSUER,
});
/** The key without its name. */
const unnamed = ({ jwk: { kid: _, ...jwk } }: Signer) => ({ jwk });
const shared = { secret: SECRET, algorithms: ["HS256"], issuer: ISSUER, audience: ISSUER };
const good = token(ed, claims);

/** One token, by default asked of the keys at the server. */
function one(name: string, given: unknown, expected: string, options: object = remote): Case {
  return { name, options, tokens: [given], expected: [expected] };
}

const algorithms: Case[] = [
  ...(["EdDSA", "ES256", "ES512", "PS256", "RS256"] as const).map((alg) =>
    one(`${alg} by default`, token(keys[alg], claims), "ok"),
  ),
  one("EdDSA by its newer name", token(ed, claims, { alg: "Ed25519" }), "ok"),
  one("ES384 when it is named", token(keys.ES384, claims), "ok", {
    ...remote,
    algorithms: ["ES384"],
  }),
  one("ES384 when it is not", token(keys.ES384, claims), "unsupported_algorithm"),
  one("EdDSA when only ES256 is named", good, "unsupported_algorithm", {
    ...remote,
    algorithms: ["ES256"],
  }),
  ...["HS256", "HS384", "HS512"].map((alg) =>
    one(`${alg} by a secret`, hmacToken(alg, SECRET, claims), "ok", {
      ...shared,
      algorithms: [alg],
    }),
  ),
  {
    ...one("HS256 by a secret in bytes", hmacToken("HS256", SECRET, claims), "ok", shared),
    change: "secret as bytes",
  },
  one(
    "HS256 by another secret",
    hmacToken("HS256", "x".repeat(32), claims),
    "bad_signature",
    shared,
  ),
  one("none", `${signingInput({ alg: "none" }, claims)}.`, "malformed_token"),
  one(
    "none with a signature",
    `${signingInput({ alg: "none" }, claims)}.AAAA`,
    "unsupported_algorithm",
  ),
  one("nOnE", `${signingInput({ alg: "nOnE" }, claims)}.AAAA`, "unsupported_algorithm"),
  one(
    "HS256 with a public key as its secret",
    hmacToken("HS256", Buffer.from(String(ed.jwk.x), "base64url"), claims, { kid: ed.kid }),
    "unsupported_algorithm",
  ),
  one(
    "HS256 with a key set as its secret",
    hmacToken("HS256", JSON.stringify(fixed(keys.RS256).jwks), claims, { kid: keys.RS256.kid }),
    "unsupported_algorithm",
    fixed(keys.RS256),
  ),
  one(
    "ES256 by the name of an Ed25519 key",
    token(keys.ES256, claims, { kid: ed.kid }),
    "unsupported_algorithm",
  ),
  one(
    "a token's own key, embedded",
    token(stranger, claims, { kid: "mine", jwk: stranger.jwk }),
    "unknown_key",
  ),
];

const es256Input = signingInput({ alg: "ES256", kid: keys.ES256.kid }, claims);
const signatures: Case[] = [
  ...(["EdDSA", "ES256", "ES512", "PS256", "RS256"] as const).map((alg) =>
    one(
      `${alg} with a bit of the signature flipped`,
      flipped(token(keys[alg], claims), 2),
      "bad_signature",
    ),
  ),
  one("claims changed after signing", resigned({ ...claims, sub: "user-2" }), "bad_signature"),
  one("another key of the same name", token(stranger, claims), "bad_signature"),
  one(
    "ECDSA as X.509 has it",
    `${es256Input}.${signature(keys.ES256, es256Input, "der").toString("base64url")}`,
    "bad_signature",
  ),
  one("a signature that is cut", good.slice(0, -2), "bad_signature"),
];

/** Other claims under the signature of the good token. */
function resigned(changed: object): string {
  const [header, , signed] = good.split(".");
  return [header, Buffer.from(JSON.stringify(changed)).toString("base64url"), signed].join(".");
}

const form: Case[] = [
  one("nothing", "", "missing_token"),
  ...[null, 7, {}, [good]].map((value) =>
    one(`${JSON.stringify(value).slice(0, 8)} in place of text`, value, "malformed_token"),
  ),
  one("a session token", "W5gs5i3FPxwwUbSTRS1pUsOKkz9jpGwX", "opaque_token"),
  one(
    "a session token with its signature",
    "W5gs5i3FPxwwUbSTRS1pUsOKkz9jpGwX.jHjZ1m8a3T7GSkGAEvpGeUbcI6hPoDU1bVU0lcPuQyU=",
    "opaque_token",
  ),
  one("two segments", good.split(".").slice(0, 2).join("."), "opaque_token"),
  one("four segments", `${good}.AAAA`, "malformed_token"),
  one("Bearer before it", `Bearer ${good}`, "malformed_token"),
  one("a line break after it", `${good}\n`, "malformed_token"),
  one("padding", `${good}==`, "malformed_token"),
  one(
    "more than 16,384 bytes",
    token(ed, { ...claims, padding: "x".repeat(16_384) }),
    "token_too_large",
  ),
  one(
    "a claim twice",
    `${signingInput({ alg: "EdDSA" }, '{"sub":"a","sub":"b"}')}.AAAA`,
    "malformed_token",
  ),
  one("crit", token(ed, claims, { crit: ["exp"] }), "malformed_token"),
  one("an access token for a session's", token(ed, claims, { typ: "at+jwt" }), "wrong_token_type"),
  one("an ID token for a session's", token(ed, { ...claims, nonce: "n" }), "wrong_token_type"),
  one(
    "an access token of Better Auth 1.6",
    token(ed, { ...claims, azp: "app", scope: "openid", sid: "s" }),
    "wrong_token_type",
  ),
];

const said: Case[] = [
  one("expired", token(ed, { ...claims, exp: at(-60) }), "expired"),
  one("expired within the tolerance", token(ed, { ...claims, exp: at(-60) }), "ok", {
    ...remote,
    clockTolerance: 300,
  }),
  one("a time in milliseconds", token(ed, { ...claims, exp: at(900) * 1000 }), "invalid_claim"),
  one("not yet valid", token(ed, { ...claims, nbf: at(600) }), "not_yet_valid"),
  one("issued in the future", token(ed, { ...claims, iat: at(600) }), "not_yet_valid"),
  one(
    "of a foreign issuer",
    token(ed, { ...claims, iss: "https://evil.example" }),
    "issuer_mismatch",
  ),
  one("the issuer with a slash", token(ed, { ...claims, iss: `${ISSUER}/` }), "issuer_mismatch"),
  one(
    "for another audience",
    token(ed, { ...claims, aud: "https://other.example" }),
    "audience_mismatch",
  ),
  one("for several", token(ed, { ...claims, aud: ["https://other.example", ISSUER] }), "ok"),
  one(
    "for several where only we may be named",
    token(ed, { ...claims, aud: ["https://other.example", ISSUER] }),
    "audience_mismatch",
    { ...remote, exclusiveAudience: true },
  ),
  one(
    "a scope that is a list",
    token(ed, { ...claims, scope: ["openid", "email"] }),
    "invalid_claim",
  ),
  one("an id that is a number", token(ed, { ...claims, jti: 7 }), "invalid_claim"),
  ...(["iss", "aud", "exp", "sub"] as const).map((name) =>
    one(`without ${name}`, token(ed, without(name)), "missing_claim"),
  ),
  one("a user that is a number", token(ed, { ...claims, sub: 1 }), "invalid_claim"),
  one("the user by uuid", good, "ok", { ...remote, userClaim: "uuid" }),
  one("a role that is there", good, "ok", { ...remote, requiredClaims: { role: "admin" } }),
  one("a role that is not", good, "insufficient_claims", {
    ...remote,
    requiredClaims: { role: ["owner", "auditor"] },
  }),
  one("one of several roles in a text", token(ed, { ...claims, role: "user, admin" }), "ok", {
    ...remote,
    requiredClaims: { role: "admin" },
  }),
  one(
    "a role that ends like the required one",
    token(ed, { ...claims, role: "user,superadmin" }),
    "insufficient_claims",
    { ...remote, requiredClaims: { role: "admin" } },
  ),
  one("a list of another name", token(ed, { ...claims, groups: "a,b" }), "ok", {
    ...remote,
    requiredClaims: { groups: "b" },
    listClaims: "groups",
  }),
  one("a claim within a claim", token(ed, { ...claims, org: { role: "owner" } }), "ok", {
    ...remote,
    requiredClaims: { "org.role": "owner" },
  }),
  one("a required claim that is not there", good, "missing_claim", {
    ...remote,
    requiredClaims: ["tenant"],
  }),
  one("older than it may be", good, "expired", { ...remote, maxTokenAge: 10 }),
  one("valid for longer than it may be", good, "invalid_claim", {
    ...remote,
    maxTokenLifetime: 600,
  }),
  one(
    "an access token",
    token(ed, { ...claims, iss: `${ISSUER}/api/auth`, azp: "app" }, { typ: "at+jwt" }),
    "ok",
    { baseURL: ISSUER, jwks: fixed(ed).jwks, profile: "access-token" },
  ),
  one(
    "a claim named __proto__",
    token(ed, JSON.parse(JSON.stringify(claims).replace("{", '{"__proto__":{"admin":true},'))),
    "ok",
  ),
];

const sources: Case[] = [
  one("a set that was handed over", good, "ok", fixed(ed)),
  one(
    "no kid, and one key that fits",
    token(ed, claims, { kid: undefined }),
    "ok",
    fixed(ed, keys.ES256),
  ),
  one(
    "no kid, and several that fit",
    token(ed, claims, { kid: undefined }),
    "unknown_key",
    fixed(ed, next),
  ),
  one("a kid that nobody knows", token(ed, claims, { kid: "key-0" }), "unknown_key"),
  one("an empty set", good, "unknown_key", { ...remote, jwksUrl: "{keys}/empty" }),
  one("a set with its private key", good, "unknown_key", {
    ...remote,
    jwksUrl: undefined,
    jwks: { keys: [{ ...ed.privateKey.export({ format: "jwk" }), kid: ed.kid, alg: "EdDSA" }] },
  }),
  ...["text", "array", "huge", "error", "elsewhere", "nowhere"].map((set) =>
    one(`a source that answers: ${set}`, good, "keys_unavailable", {
      ...remote,
      jwksUrl: `{keys}/${set}`,
    }),
  ),
  one("a source that never answers", good, "keys_unavailable", {
    ...remote,
    jwksUrl: "{keys}/never",
    timeoutDuration: 100,
  }),
  {
    name: "a rotation",
    options: { ...remote, jwksUrl: "{keys}/rotating" },
    tokens: [good, token(next, claims), good],
    expected: ["ok", "ok", "ok"],
    fetches: { rotating: 2 },
  },
  {
    name: "a key that was replaced under its name",
    options: { ...remote, jwksUrl: "{keys}/replaced" },
    tokens: [token(keys.ES256, claims), good, good],
    expected: ["ok", "ok", "ok"],
    fetches: { replaced: 2 },
  },
  {
    ...one("a key set behind a query", good, "ok", { ...remote, jwksUrl: "{keys}/q?p=1&set=/all" }),
    fetches: { "q?p=1&set=/all": 1 },
  },
  {
    name: "no kid, and two keys without one",
    options: fixed(unnamed(ed), unnamed(next)),
    tokens: [ed, next, stranger].map((key) => token(key, claims, { kid: undefined })),
    expected: ["ok", "ok", "bad_signature"],
  },
  {
    name: "strangers' key names, of which a few are asked for",
    options: { ...remote, jwksUrl: "{keys}/strangers/all" },
    tokens: [good, ...[..."abcdef"].map((kid) => token(ed, claims, { kid })), good],
    expected: ["ok", ...Array(4).fill("unknown_key"), ...Array(2).fill("keys_unavailable"), "ok"],
    fetches: { "strangers/all": 5 },
  },
  {
    name: "many at once, and one fetch for all",
    options: { ...remote, jwksUrl: "{keys}/together/all" },
    tokens: [good, flipped(good, 2), ...Object.values(keys).map((key) => token(key, claims)), good],
    together: true,
    expected: ["ok", "bad_signature", "ok", "ok", "unsupported_algorithm", "ok", "ok", "ok", "ok"],
    fetches: { "together/all": 1 },
  },
  {
    ...one("a fetch of the caller's own", good, "ok", {
      ...remote,
      jwksUrl: "https://keys.invalid/own/all",
    }),
    change: "fetch of its own",
    fetches: { "own/all": 1 },
  },
  {
    ...one("a fetch of the caller's own that fails", good, "keys_unavailable"),
    change: "fetch that fails",
  },
];

const misconfigured = (name: string, options: unknown): Case => ({
  name,
  options,
  tokens: [good],
  expected: ["misconfigured"],
});

const options: Case[] = [
  misconfigured("no options", undefined),
  misconfigured("options that are none", 7),
  misconfigured("options without keys", {}),
  misconfigured("an option that is misspelled", { baseUrl: ISSUER }),
  misconfigured("the algorithm none", { ...remote, algorithms: ["none"] }),
  misconfigured("HS256 beside a key set", { ...remote, algorithms: ["EdDSA", "HS256"] }),
  misconfigured("a secret beside a key set", { ...shared, jwks: fixed(ed).jwks }),
  misconfigured("an empty issuer", { ...remote, issuer: "" }),
  misconfigured("no audience that would be accepted", { ...remote, audience: [] }),
  misconfigured("a negative tolerance", { ...remote, clockTolerance: -1 }),
  misconfigured("a tolerance in text", { ...remote, clockTolerance: "5" }),
  misconfigured("a switch in text", { ...remote, exclusiveAudience: "true" }),
  misconfigured("an empty list of lists", { ...remote, listClaims: [] }),
  misconfigured("a key set's URL with a fragment", { ...remote, jwksUrl: "{keys}/all#all" }),
  misconfigured("a fetch that is none", { ...remote, fetch: "fetch" }),
];

/** All of them. */
export const cases: Case[] = [
  ...algorithms,
  ...signatures,
  ...form,
  ...said,
  ...sources,
  ...options,
];

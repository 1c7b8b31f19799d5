// Cases about claims, sources of keys, and options.
import {
  at,
  type Case,
  claims,
  ed,
  fixed,
  good,
  ISSUER,
  keys,
  next,
  one,
  remote,
  shared,
  stranger,
  unnamed,
  without,
} from "./cases.setup.ts";
import { flipped, token } from "./tokens.ts";

const claimChecks: Case[] = [
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
    "for several when only the edge may be named",
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
  one("a user's id that is a number", token(ed, { ...claims, sub: 1 }), "invalid_claim"),
  one("the user by uuid", good, "ok", { ...remote, userClaim: "uuid" }),
  one("a required role", good, "ok", { ...remote, requiredClaims: { role: "admin" } }),
  one("a required role that is absent", good, "insufficient_claims", {
    ...remote,
    requiredClaims: { role: ["owner", "auditor"] },
  }),
  one("one of several roles in a string", token(ed, { ...claims, role: "user, admin" }), "ok", {
    ...remote,
    requiredClaims: { role: "admin" },
  }),
  one(
    "a role that ends like the required one",
    token(ed, { ...claims, role: "user,superadmin" }),
    "insufficient_claims",
    { ...remote, requiredClaims: { role: "admin" } },
  ),
  one("a list in another claim", token(ed, { ...claims, groups: "a,b" }), "ok", {
    ...remote,
    requiredClaims: { groups: "b" },
    listClaims: "groups",
  }),
  one("a claim within a claim", token(ed, { ...claims, org: { role: "owner" } }), "ok", {
    ...remote,
    requiredClaims: { "org.role": "owner" },
  }),
  one("a required claim that is absent", good, "missing_claim", {
    ...remote,
    requiredClaims: ["tenant"],
  }),
  one("older than maxTokenAge", good, "expired", { ...remote, maxTokenAge: 10 }),
  one("valid for longer than maxTokenLifetime", good, "invalid_claim", {
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
  one("a set passed as an option", good, "ok", fixed(ed)),
  one(
    "no kid, and one key that matches",
    token(ed, claims, { kid: undefined }),
    "ok",
    fixed(ed, keys.ES256),
  ),
  one(
    "no kid, and several keys that match",
    token(ed, claims, { kid: undefined }),
    "unknown_key",
    fixed(ed, next),
  ),
  one("an unknown kid", token(ed, claims, { kid: "key-0" }), "unknown_key"),
  one("an empty set", good, "unknown_key", { ...remote, jwksUrl: "{keys}/empty" }),
  one("a set with its private key", good, "unknown_key", {
    ...remote,
    jwksUrl: undefined,
    jwks: { keys: [{ ...ed.privateKey.export({ format: "jwk" }), kid: ed.kid, alg: "EdDSA" }] },
  }),
  ...["text", "array", "huge", "error", "elsewhere", "nowhere"].map((set) =>
    one(`a source that fails: ${set}`, good, "keys_unavailable", {
      ...remote,
      jwksUrl: `{keys}/${set}`,
    }),
  ),
  one("a source that never responds", good, "keys_unavailable", {
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
    name: "a key that was replaced under the same kid",
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
    name: "unknown kids, of which only the first few cause a fetch",
    options: { ...remote, jwksUrl: "{keys}/strangers/all" },
    tokens: [good, ...[..."abcdef"].map((kid) => token(ed, claims, { kid })), good],
    expected: ["ok", ...Array(4).fill("unknown_key"), ...Array(2).fill("keys_unavailable"), "ok"],
    fetches: { "strangers/all": 5 },
  },
  {
    name: "concurrent tokens with one fetch for all",
    options: { ...remote, jwksUrl: "{keys}/together/all" },
    tokens: [good, flipped(good, 2), ...Object.values(keys).map((key) => token(key, claims)), good],
    together: true,
    expected: ["ok", "bad_signature", "ok", "ok", "unsupported_algorithm", "ok", "ok", "ok", "ok"],
    fetches: { "together/all": 1 },
  },
  {
    ...one("a custom fetch", good, "ok", {
      ...remote,
      jwksUrl: "https://keys.invalid/own/all",
    }),
    change: "custom fetch",
    fetches: { "own/all": 1 },
  },
  {
    ...one("a custom fetch that fails", good, "keys_unavailable"),
    change: "failing fetch",
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
  misconfigured("options that are not an object", 7),
  misconfigured("options without keys", {}),
  misconfigured("an option that is misspelled", { baseUrl: ISSUER }),
  misconfigured("the algorithm none", { ...remote, algorithms: ["none"] }),
  misconfigured("HS256 with a key set", { ...remote, algorithms: ["EdDSA", "HS256"] }),
  misconfigured("a secret with a key set", { ...shared, jwks: fixed(ed).jwks }),
  misconfigured("an empty issuer", { ...remote, issuer: "" }),
  misconfigured("an empty list of audiences", { ...remote, audience: [] }),
  misconfigured("a negative tolerance", { ...remote, clockTolerance: -1 }),
  misconfigured("a tolerance that is a string", { ...remote, clockTolerance: "5" }),
  misconfigured("a boolean option that is a string", { ...remote, exclusiveAudience: "true" }),
  misconfigured("an empty list of lists", { ...remote, listClaims: [] }),
  misconfigured("a key set's URL with a fragment", { ...remote, jwksUrl: "{keys}/all#all" }),
  misconfigured("a fetch that is not a function", { ...remote, fetch: "fetch" }),
];

/** The cases of this file. */
export const claimCases: Case[] = [...claimChecks, ...sources, ...options];

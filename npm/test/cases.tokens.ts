// Cases about a token's algorithm, signature and form.
import {
  type Case,
  claims,
  ed,
  fixed,
  good,
  keys,
  one,
  remote,
  SECRET,
  shared,
  stranger,
} from "./cases.setup.ts";
import { flipped, hmacToken, signature, signingInput, token } from "./tokens.ts";

const algorithms: Case[] = [
  ...(["EdDSA", "ES256", "ES512", "PS256", "RS256"] as const).map((alg) =>
    one(`${alg} by default`, token(keys[alg], claims), "ok"),
  ),
  one("EdDSA as Ed25519, its newer name", token(ed, claims, { alg: "Ed25519" }), "ok"),
  one("ES384 if algorithms contains it", token(keys.ES384, claims), "ok", {
    ...remote,
    algorithms: ["ES384"],
  }),
  one(
    "ES384 if algorithms does not contain it",
    token(keys.ES384, claims),
    "unsupported_algorithm",
  ),
  one("EdDSA if algorithms contains only ES256", good, "unsupported_algorithm", {
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
    "ES256 with the kid of an Ed25519 key",
    token(keys.ES256, claims, { kid: ed.kid }),
    "unsupported_algorithm",
  ),
  one(
    "a key embedded in the token",
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
  one("another key with the same kid", token(stranger, claims), "bad_signature"),
  one(
    "ECDSA in the form of X.509",
    `${es256Input}.${signature(keys.ES256, es256Input, "der").toString("base64url")}`,
    "bad_signature",
  ),
  one("a signature that is cut", good.slice(0, -2), "bad_signature"),
];

/** The signature of the good token with other claims. */
function resigned(changed: object): string {
  const [header, , signed] = good.split(".");
  return [header, Buffer.from(JSON.stringify(changed)).toString("base64url"), signed].join(".");
}

const form: Case[] = [
  one("nothing", "", "missing_token"),
  ...[null, 7, {}, [good]].map((value) =>
    one(`${JSON.stringify(value).slice(0, 8)} instead of a string`, value, "malformed_token"),
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
  one(
    "an access token instead of a session's JWT",
    token(ed, claims, { typ: "at+jwt" }),
    "wrong_token_type",
  ),
  one(
    "an ID token instead of a session's JWT",
    token(ed, { ...claims, nonce: "n" }),
    "wrong_token_type",
  ),
  one(
    "an access token of Better Auth 1.6",
    token(ed, { ...claims, azp: "app", scope: "openid", sid: "s" }),
    "wrong_token_type",
  ),
];

/** The cases of this file. */
export const tokenCases: Case[] = [...algorithms, ...signatures, ...form];

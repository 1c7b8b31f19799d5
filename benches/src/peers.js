// Other libraries, for every runtime: jose, hono, and WebCrypto's signature check alone.

import { Jwt } from "hono/utils/jwt";
import { createLocalJWKSet, jwtVerify } from "jose";

/** @typedef {import("./material.js").KeyMaterial} KeyMaterial */

function jose(/** @type {KeyMaterial} */ material) {
  const options = joseOptions(material);
  const key = material.jwks ? createLocalJWKSet(material.jwks) : utf8(material.secret);
  return { verify: (/** @type {string} */ token) => jwtVerify(token, key, options) };
}

/** jose with the secret as a `CryptoKey`. */
async function joseCryptoKey(/** @type {KeyMaterial} */ material) {
  if (!material.secret) return undefined;
  const key = await importKey(material);
  const options = joseOptions(material);
  return { verify: (/** @type {string} */ token) => jwtVerify(token, key, options) };
}

/** @param {KeyMaterial} material */
function joseOptions({ algorithm, issuer }) {
  return { algorithms: [algorithm], issuer, audience: issuer, requiredClaims: ["exp", "sub"] };
}

function hono(/** @type {KeyMaterial} */ { algorithm, issuer, jwks, secret }) {
  const claims = { iss: issuer, aud: issuer };
  if (secret) {
    const options = { alg: algorithm, ...claims };
    return { verify: (/** @type {string} */ token) => Jwt.verify(token, secret, options) };
  }
  const options = { keys: jwks.keys, allowedAlgorithms: [algorithm], verification: claims };
  return { verify: (/** @type {string} */ token) => Jwt.verifyWithJwks(token, options) };
}

/** Verifies only the signature: the lower bound of every library that uses WebCrypto. */
async function subtle(/** @type {KeyMaterial} */ material) {
  const key = await importKey(material);
  const { verifying } = parameters[material.algorithm];
  return {
    prepare: (/** @type {string[]} */ tokens) => tokens.map(signatureOf),
    async verify({ message, signature }) {
      const holds = await crypto.subtle.verify(verifying, key, signature, message);
      if (!holds) throw new Error("bad signature");
    },
  };
}

export const peers = {
  jose,
  "jose, CryptoKey": joseCryptoKey,
  hono,
  "crypto.subtle alone": subtle,
};

const parameters = {
  EdDSA: same({ name: "Ed25519" }),
  ES256: ecdsa("P-256", "SHA-256"),
  ES512: ecdsa("P-521", "SHA-512"),
  RS256: same({ name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }),
  HS256: same({ name: "HMAC", hash: "SHA-256" }),
};

/** @param {object} algorithm */
function same(algorithm) {
  return { importing: algorithm, verifying: algorithm };
}

/**
 * @param {string} namedCurve
 * @param {string} hash
 */
function ecdsa(namedCurve, hash) {
  return { importing: { name: "ECDSA", namedCurve }, verifying: { name: "ECDSA", hash } };
}

/** @param {KeyMaterial} material */
function importKey({ algorithm, jwks, secret }) {
  const { importing } = parameters[algorithm];
  return secret
    ? crypto.subtle.importKey("raw", utf8(secret), importing, false, ["verify"])
    : crypto.subtle.importKey("jwk", jwks.keys[0], importing, false, ["verify"]);
}

/** @param {string} token */
function signatureOf(token) {
  const end = token.lastIndexOf(".");
  const base64 = token
    .slice(end + 1)
    .replaceAll("-", "+")
    .replaceAll("_", "/");
  const signature = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return { message: utf8(token.slice(0, end)), signature };
}

/** @param {string} text */
function utf8(text) {
  return new TextEncoder().encode(text);
}

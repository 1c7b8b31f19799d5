// Creates the keys and tokens of one run, as Better Auth does, with one key per algorithm.

import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from "jose";

const ALGORITHMS = ["EdDSA", "ES256", "RS256", "ES512", "HS256"];
const ISSUER = "https://app.example.com";
const TOKENS = 8;

/**
 * @typedef {object} KeyMaterial
 * @property {string} algorithm
 * @property {string} issuer and audience
 * @property {string[]} tokens of several users, by one key
 * @property {{ keys: object[] }} [jwks]
 * @property {string} [pem] the same key for libraries without key sets
 * @property {string} [secret]
 */

/** @returns {Promise<KeyMaterial[]>} */
export function createMaterial() {
  return Promise.all(ALGORITHMS.map((algorithm) => createKeyMaterial(algorithm, TOKENS)));
}

/**
 * @param {string} algorithm
 * @param {number} count of tokens
 * @returns {Promise<KeyMaterial>}
 */
export async function createKeyMaterial(algorithm, count) {
  if (algorithm.startsWith("HS")) {
    const secret = randomText(48);
    const key = new TextEncoder().encode(secret);
    return {
      algorithm,
      issuer: ISSUER,
      tokens: await sign({ alg: algorithm }, key, count),
      secret,
    };
  }
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const kid = randomText(32);
  const jwk = { alg: algorithm, ...(await exportJWK(publicKey)), kid };
  return {
    algorithm,
    issuer: ISSUER,
    tokens: await sign({ alg: algorithm, kid }, privateKey, count),
    jwks: { keys: [jwk] },
    pem: await exportSPKI(publicKey),
  };
}

/**
 * @param {{ alg: string, kid?: string }} header as Better Auth writes it: without `typ`
 * @param {CryptoKey | Uint8Array} key
 * @param {number} count
 */
function sign(header, key, count) {
  const tokens = Array.from({ length: count }, (_, number) =>
    new SignJWT(claims(number)).setProtectedHeader(header).sign(key),
  );
  return Promise.all(tokens);
}

/** @param {number} number of the user; the claims are those of Better Auth's default payload */
function claims(number) {
  const id = randomText(32);
  const now = Math.floor(Date.now() / 1000);
  return {
    iat: now,
    name: "Ada",
    email: `ada.${number}@example.com`,
    emailVerified: true,
    createdAt: "2026-10-03T09:14:07.311Z",
    updatedAt: "2026-11-02T17:40:55.102Z",
    id,
    sub: id,
    exp: now + 3600,
    iss: ISSUER,
    aud: ISSUER,
  };
}

/** @param {number} length */
function randomText(length) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  return Array.from(bytes, (byte) => alphabet[byte % alphabet.length]).join("");
}

// Generates tokens and keys as Better Auth does, and deviations from them.

import { constants, generateKeyPairSync, sign } from "node:crypto";

export const ISSUER = "https://app.example";

/** Seconds since 1970. */
export const now = () => Math.floor(Date.now() / 1_000);

/** Better Auth's signing algorithms: how to generate a key and how to sign. */
const ALGORITHMS = {
  EdDSA: { pair: () => generateKeyPairSync("ed25519"), hash: null, options: {} },
  ES256: { pair: () => ecPair("P-256"), hash: "sha256", options: { dsaEncoding: "ieee-p1363" } },
  ES512: { pair: () => ecPair("P-521"), hash: "sha512", options: { dsaEncoding: "ieee-p1363" } },
  PS256: {
    pair: rsaPair,
    hash: "sha256",
    options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
  },
  RS256: { pair: rsaPair, hash: "sha256", options: {} },
};

/** @type {(keyof typeof ALGORITHMS)[]} */
export const NAMES = ["EdDSA", "ES256", "ES512", "PS256", "RS256"];

/** @param {string} namedCurve */
function ecPair(namedCurve) {
  return generateKeyPairSync("ec", { namedCurve });
}

function rsaPair() {
  return generateKeyPairSync("rsa", { modulusLength: 2048 });
}

/** A key pair that signs tokens. */
export class Signer {
  #pair;

  /**
   * @param {string} kid
   * @param {keyof typeof ALGORITHMS} [alg]
   */
  constructor(kid, alg = "EdDSA") {
    this.kid = kid;
    this.alg = alg;
    this.#pair = ALGORITHMS[alg].pair();
  }

  /** The key as Better Auth publishes it. */
  jwk() {
    return { ...this.#pair.publicKey.export({ format: "jwk" }), alg: this.alg, kid: this.kid };
  }

  /**
   * @param {Record<string, unknown>} [claims] override those of a valid session token
   * @param {Record<string, unknown>} [header] overrides the header's members
   */
  token(claims, header) {
    const protectedHeader = { alg: this.alg, kid: this.kid, ...header };
    const payload = { ...validClaims(), ...claims };
    const input = `${encode(protectedHeader)}.${encode(payload)}`;
    const { hash, options } = ALGORITHMS[this.alg];
    const key = /** @type {import("node:crypto").SignKeyObjectInput} */ ({
      key: this.#pair.privateKey,
      ...options,
    });
    return `${input}.${sign(hash, Buffer.from(input), key).toString("base64url")}`;
  }
}

export function validClaims() {
  return {
    iss: ISSUER,
    aud: ISSUER,
    sub: "user-1",
    email: "ada@example.com",
    iat: now() - 60,
    exp: now() + 840,
  };
}

/** @param {...object} keys */
export const keySet = (...keys) => JSON.stringify({ keys });

/** @param {object} value */
function encode(value) {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

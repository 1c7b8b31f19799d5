// Tokens and keys of any form, made as Better Auth makes them.

import { generateKeyPairSync, sign } from "node:crypto";

export const ISSUER = "https://app.example";

/** Seconds since 1970. */
export const now = () => Math.floor(Date.now() / 1_000);

/** Somebody who holds an Ed25519 key. */
export class Signer {
  #privateKey;
  #publicKey;

  /** @param {string} kid */
  constructor(kid) {
    this.kid = kid;
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    this.#privateKey = privateKey;
    this.#publicKey = publicKey;
  }

  /** The key as Better Auth publishes it. */
  jwk() {
    const { kty, crv, x } = this.#publicKey.export({ format: "jwk" });
    return { kty, crv, x, alg: "EdDSA", kid: this.kid };
  }

  /**
   * @param {Record<string, unknown>} [claims] in place of those of a good session token
   * @param {Record<string, unknown>} [header] likewise
   */
  token(claims, header) {
    const protectedHeader = { alg: "EdDSA", kid: this.kid, ...header };
    const payload = { ...goodClaims(), ...claims };
    const input = `${encode(protectedHeader)}.${encode(payload)}`;
    return `${input}.${sign(null, Buffer.from(input), this.#privateKey).toString("base64url")}`;
  }
}

export function goodClaims() {
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

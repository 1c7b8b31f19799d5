/** Keys and tokens, made with node:crypto and without the tested code. */
import {
  constants,
  createHmac,
  generateKeyPairSync,
  type KeyObject,
  type SignKeyObjectInput,
  sign,
} from "node:crypto";

/** An auth server's key pair. */
export interface Signer {
  alg: string;
  kid: string;
  privateKey: KeyObject;
  /** The public key. */
  jwk: Record<string, unknown>;
}

/** Makes a key pair for a JWS algorithm. */
export function newSigner(alg: string, kid = `key-${alg}`): Signer {
  const { publicKey, privateKey } = generate(alg);
  return { alg, kid, privateKey, jwk: { ...publicKey.export({ format: "jwk" }), alg, kid } };
}

function generate(alg: string): { publicKey: KeyObject; privateKey: KeyObject } {
  const namedCurve = { ES256: "P-256", ES384: "P-384", ES512: "P-521" }[alg];
  if (namedCurve) return generateKeyPairSync("ec", { namedCurve });
  if (alg === "EdDSA") return generateKeyPairSync("ed25519");
  return generateKeyPairSync("rsa", { modulusLength: 2048 });
}

/** Signs the claims as a compact JWS. `header` is merged into `alg` and `kid`. */
export function token(signer: Signer, claims: object, header: object = {}): string {
  const input = signingInput({ alg: signer.alg, kid: signer.kid, ...header }, claims);
  return `${input}.${signature(signer, input).toString("base64url")}`;
}

/** Signs the claims with a shared secret. */
export function hmacToken(
  alg: string,
  secret: string | Buffer,
  claims: object,
  header: object = {},
): string {
  const input = signingInput({ alg, ...header }, claims);
  const mac = createHmac(`sha${alg.slice(2)}`, secret).update(input);
  return `${input}.${mac.digest("base64url")}`;
}

/** Encodes header and claims. A string is encoded unchanged, so that it may be invalid JSON. */
export function signingInput(header: object | string, claims: object | string): string {
  return `${segment(header)}.${segment(claims)}`;
}

function segment(content: object | string): string {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  return Buffer.from(text).toString("base64url");
}

/** Signs `input`. An ECDSA signature has the form of JWS (`ieee-p1363`) or of X.509 (`der`). */
export function signature(
  { alg, privateKey }: Signer,
  input: string,
  dsaEncoding: "ieee-p1363" | "der" = "ieee-p1363",
): Buffer {
  if (alg === "EdDSA") return sign(null, Buffer.from(input), privateKey);
  const key: SignKeyObjectInput = { key: privateKey, dsaEncoding };
  if (alg.startsWith("PS")) {
    key.padding = constants.RSA_PKCS1_PSS_PADDING;
    key.saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
  }
  return sign(`sha${alg.slice(2)}`, Buffer.from(input), key);
}

/** The token with one bit of a segment flipped. */
export function flipped(token: string, segment: 0 | 1 | 2): string {
  const segments = token.split(".");
  const bytes = Buffer.from(segments[segment] ?? "", "base64url");
  // in the middle, because a change of the last brace makes the JSON invalid
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  segments[segment] = bytes.toString("base64url");
  return segments.join(".");
}

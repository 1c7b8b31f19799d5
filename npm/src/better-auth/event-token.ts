import { symmetricDecrypt } from "better-auth/crypto";
import { type AuthContext, issuerOf, type JwtOptions, type Row } from "./better-auth.ts";

/** Something that has ended. */
export type EdgeEvent =
  | { type: "session"; sid: string; sub: string }
  | { type: "user"; sub: string; not_before: number }
  | { type: "keys"; not_before: number };

/** Seconds for which an edge accepts an event. */
const LIFETIME = 120;

const TYPE = "edge-event+jwt";

/**
 * Signs events for an edge with the key that signs tokens, as a JWT of its own type.
 *
 * @returns the JWT; `undefined` if Better Auth has no key yet, so that no token can be revoked
 * @throws if the key cannot sign here
 */
export async function signEvents(
  context: AuthContext,
  jwt: JwtOptions,
  edge: string,
  events: EdgeEvent[],
): Promise<string | undefined> {
  const issued = Math.floor(Date.now() / 1000);
  const payload = {
    iss: issuerOf(context, jwt),
    aud: edge,
    iat: issued,
    exp: issued + LIFETIME,
    jti: crypto.randomUUID(),
    events,
  };
  if (jwt.jwt?.sign) {
    const token = String(await jwt.jwt.sign(payload, { typ: TYPE }));
    const header = JSON.parse(atob(urlToBase64(token.split(".")[0] ?? "")));
    if (header.typ === TYPE) return token;
    throw new Error(`jwt.sign must write the header that it gets: "typ" is not ${TYPE}`);
  }
  const key = await signingKey(context, jwt);
  if (!key) return undefined;
  const header = { alg: key.algorithm, kid: key.id, typ: TYPE };
  const input = `${encodeJson(header)}.${encodeJson(payload)}`;
  const [parameters, privateKey] = await importKey(key.jwk, key.algorithm);
  const bytes = new TextEncoder().encode(input);
  return `${input}.${encode(await crypto.subtle.sign(parameters, privateKey, bytes))}`;
}

/** The newest key. A retired one serves too: edges accept it until it is no longer published. */
async function signingKey(context: AuthContext, jwt: JwtOptions) {
  const keys = jwt.adapter?.getJwks
    ? await jwt.adapter.getJwks({ context })
    : await context.adapter.findMany({ model: "jwks" });
  const newest = (keys ?? []).reduce<Row | undefined>(
    (best, key) => (best && time(best.createdAt) >= time(key.createdAt) ? best : key),
    undefined,
  );
  if (!newest) return undefined;
  const stored = String(newest.privateKey);
  const text = jwt.jwks?.disablePrivateKeyEncryption
    ? stored
    : await symmetricDecrypt({
        key: (context.secretConfig ?? context.secret) as string,
        data: JSON.parse(stored),
      });
  const algorithm = String(newest.alg ?? jwt.jwks?.keyPairConfig?.alg ?? "EdDSA");
  return { id: String(newest.id), algorithm, jwk: JSON.parse(text) as JsonWebKey };
}

function time(value: unknown): number {
  return new Date(value as string).getTime();
}

type Parameters = AlgorithmIdentifier | EcdsaParams | RsaPssParams;

/** The parameters of WebCrypto for an algorithm of JWA, to sign and to import a key. */
function parametersOf(
  algorithm: string,
): [Parameters, AlgorithmIdentifier | EcKeyImportParams | RsaHashedImportParams] {
  switch (algorithm) {
    case "EdDSA":
      return [{ name: "Ed25519" }, { name: "Ed25519" }];
    case "ES256":
      return [
        { name: "ECDSA", hash: "SHA-256" },
        { name: "ECDSA", namedCurve: "P-256" },
      ];
    case "ES512":
      return [
        { name: "ECDSA", hash: "SHA-512" },
        { name: "ECDSA", namedCurve: "P-521" },
      ];
    case "PS256":
      return [
        { name: "RSA-PSS", saltLength: 32 },
        { name: "RSA-PSS", hash: "SHA-256" },
      ];
    case "RS256":
      return [{ name: "RSASSA-PKCS1-v1_5" }, { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }];
    default:
      throw new Error(`events cannot be signed with ${algorithm}`);
  }
}

async function importKey(jwk: JsonWebKey, algorithm: string): Promise<[Parameters, CryptoKey]> {
  const [sign, load] = parametersOf(algorithm);
  // other members, such as `alg` or `use`, may contradict WebCrypto's
  const { kty, crv, x, y, d, n, e, p, q, dp, dq, qi } = jwk;
  const members = { kty, crv, x, y, d, n, e, p, q, dp, dq, qi };
  const present = Object.entries(members).filter(([, value]) => value !== undefined);
  return [
    sign,
    await crypto.subtle.importKey("jwk", Object.fromEntries(present), load, false, ["sign"]),
  ];
}

function encodeJson(value: unknown): string {
  return encode(new TextEncoder().encode(JSON.stringify(value)));
}

function encode(bytes: ArrayBuffer | Uint8Array): string {
  const text = String.fromCharCode(...new Uint8Array(bytes));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function urlToBase64(text: string): string {
  return text.replaceAll("-", "+").replaceAll("_", "/");
}

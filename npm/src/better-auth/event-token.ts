import { symmetricDecrypt } from "better-auth/crypto";
import type { AuthContext, Row } from "./better-auth.ts";
import type { EdgeEvent } from "./event.ts";
import { headerOf, type JwtPlugin } from "./jwt-plugin.ts";

/** Seconds for which an edge accepts an event: longer than all attempts to deliver it take. */
const LIFETIME = 120;

const TYPE = "edge-event+jwt";

/** What a message contains. */
export interface Message {
  edge: string;
  events: EdgeEvent[];
  /** In seconds since 1970. */
  issued: number;
}

/**
 * Signs events for an edge with the key that signs tokens, as a JWT of its own type.
 *
 * @throws if the key cannot sign here
 */
export async function signEvents(
  context: AuthContext,
  jwt: JwtPlugin,
  { edge, events, issued }: Message,
): Promise<string> {
  const payload = {
    iss: jwt.issuer(context),
    aud: edge,
    iat: issued,
    exp: issued + LIFETIME,
    jti: crypto.randomUUID(),
    events,
  };
  const { sign } = jwt.options.jwt ?? {};
  if (sign) {
    const token = String(await sign(payload, { typ: TYPE }));
    if (headerOf(token).typ === TYPE) return token;
    throw new Error(`jwt.sign does not write the header that it gets: "typ" is not ${TYPE}`);
  }
  const key = await signingKey(context, jwt);
  const input = `${encodeJson({ alg: key.algorithm, kid: key.id, typ: TYPE })}.${encodeJson(payload)}`;
  const [parameters, privateKey] = await importKey(key.jwk, key.algorithm);
  const bytes = new TextEncoder().encode(input);
  return `${input}.${encode(await crypto.subtle.sign(parameters, privateKey, bytes))}`;
}

/** The key that signs tokens now. */
async function signingKey(context: AuthContext, jwt: JwtPlugin) {
  // the plugin chooses the key, and replaces one that has expired; nothing accepts this token
  const { alg, kid } = headerOf(await jwt.sign(context, { sub: "", iat: 1, exp: 2 }));
  const { getJwks } = jwt.options.adapter ?? {};
  const row = getJwks
    ? (await getJwks({ context }))?.find(({ id }) => id === kid)
    : await context.adapter.findOne({ model: "jwks", where: [{ field: "id", value: kid }] });
  if (!row) throw new Error("the signing key is not in the database");
  return { id: String(kid), algorithm: String(alg), jwk: await privateKeyOf(context, jwt, row) };
}

async function privateKeyOf(context: AuthContext, jwt: JwtPlugin, row: Row): Promise<JsonWebKey> {
  const stored = String(row.privateKey);
  if (jwt.options.jwks?.disablePrivateKeyEncryption) return JSON.parse(stored);
  const key = (context.secretConfig ?? context.secret) as string;
  return JSON.parse(await symmetricDecrypt({ key, data: JSON.parse(stored) }));
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

import { createHash } from "node:crypto";
import { load } from "#wasm";
import type { KeyError } from "../wasm/glue.ts";

/** An entry of a JWK Set, with what is wrong or unusual about it. */
export interface KeyEntry {
  /** The position in the set, from 1. */
  number: number;
  kid: string | null;
  kty: string | null;
  alg: string | null;
  crv: string | null;
  use: string | null;
  /** The size of the RSA modulus or the curve in bits; `null` if it is unknown. */
  bits: number | null;
  /** The JWK thumbprint (RFC 7638, SHA-256); `null` if required members are missing. */
  thumbprint: string | null;
  /** Whether the edge accepts tokens that this key signs. */
  usable: boolean;
  /** Why the key is not usable: the core's code. */
  fault: string | null;
  /** Notes about the key, the most severe first. */
  notes: Note[];
}

/** A note about a key or a set, with its severity. */
export interface Note {
  level: "failure" | "warning" | "info";
  text: string;
}

const LEVELS = ["failure", "warning", "info"];

/** A JWK Set (RFC 7517, section 5). */
export interface KeySet {
  entries: KeyEntry[];
  /** Notes about the set as a whole. */
  notes: Note[];
}

/**
 * Parses a JWK Set. The core decides which keys are usable; this module explains why.
 *
 * @throws {InvalidKeySet} if the text is not a JWK Set
 */
export async function readKeySet(text: string): Promise<KeySet> {
  const glue = await load();
  const errors = glue.keyErrors(text);
  if (errors === undefined) throw new InvalidKeySet(whyInvalid(text));
  const { keys } = JSON.parse(text) as { keys: unknown[] };
  const entries = keys.map((key, i) => readEntry(key, i + 1, errors[i] ?? null));
  for (const entry of entries) {
    compare(entry, entries);
    entry.notes.sort((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level));
  }
  return { entries, notes: setNotes(entries) };
}

/** The core's warning about a URL from which keys could be intercepted, if there is one. */
export async function keyUrlWarning(url: URL): Promise<string | undefined> {
  return (await load()).keyUrlWarning(url.origin);
}

/** A document is not a JWK Set. The message says why, as half a sentence. */
export class InvalidKeySet extends Error {
  override name = "InvalidKeySet";
}

/** Says why the core rejected the document. The core's parser is stricter than `JSON.parse`. */
function whyInvalid(text: string): string {
  if (text.startsWith("\ufeff")) {
    return "it begins with a byte order mark, which JSON must not have: save it as UTF-8 without one";
  }
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return "it is not JSON";
  }
  if (!isObject(document) || !Array.isArray(document.keys)) return "it has no array named keys";
  if (Buffer.byteLength(text) > 256 * 1024) return "it is larger than 256 kB";
  return "a member appears twice, or it is not strict JSON";
}

function readEntry(key: unknown, number: number, error: KeyError | null): KeyEntry {
  const jwk = isObject(key) ? key : {};
  const text = (name: string) => (typeof jwk[name] === "string" ? jwk[name] : null);
  const entry: KeyEntry = {
    number,
    kid: text("kid"),
    kty: text("kty"),
    alg: text("alg"),
    crv: text("crv"),
    use: text("use"),
    bits: bits(jwk),
    thumbprint: thumbprint(jwk),
    usable: error === null,
    fault: error?.code ?? null,
    notes: [],
  };
  entry.notes =
    error === null ? usableKeyNotes(entry, jwk) : [unusableKeyNote(error, key, entry, jwk)];
  if (PRINTED_KEYS.includes(text("x") ?? "")) {
    entry.notes.unshift(
      failure("its private key is printed in RFCs and documentation: replace it"),
    );
  }
  return entry;
}

/** Explains why a key is not usable, and what to do. */
function unusableKeyNote(
  { code, member }: KeyError,
  key: unknown,
  { kty, crv, alg, bits }: KeyEntry,
  jwk: Jwk,
): Note {
  switch (code) {
    case "wrong_form":
      return warning(describeWrongForm(key, member ?? ""));
    case "private": {
      const members = PRIVATE_MEMBERS.filter((name) => (jwk[name] ?? null) !== null).join(", ");
      return failure(
        kty === "oct"
          ? "a shared secret is published: anyone can sign with it. Remove it, and replace it"
          : `private members are published (${members}): anyone can sign with it. Replace the key`,
      );
    }
    case "unknown_type":
      return warning(unknownType(kty, crv));
    case "not_for_verifying":
      return warning(
        (jwk.use ?? "sig") === "sig"
          ? "it is not for verifying signatures: key_ops does not contain verify"
          : "it is not for signatures: use is not sig",
      );
    case "contradictory":
      return warning(`its alg${alg === null ? "" : ` ${alg}`} does not fit ${kty} ${crv ?? ""}`);
    case "weak_point":
      return warning(
        "x and y are not a point on the curve, or x is a point of small order: is the key damaged?",
      );
    case "weak_rsa":
      return warning(
        `its modulus (${bits} bits) or its exponent is weak: use 2048 bits and e = 65537`,
      );
    default:
      return warning("the edge does not use this key");
  }
}

/** Describes what is wrong with the member that the core names or, without one, with the entry. */
function describeWrongForm(key: unknown, member: string): string {
  const form = "another type, length or encoding than RFC 7518 requires";
  if (!isObject(key)) return `the entry has ${form}: it is not an object`;
  const value = key[member];
  if (value === undefined || value === null) return `its ${member} is missing`;
  return `its ${member} has ${form}: ${describeValue(key, member, value)}`;
}

function describeValue(jwk: Jwk, member: string, value: unknown): string {
  if (member === "key_ops") return "it is not an array of different strings";
  if (typeof value !== "string") {
    return `it is ${Array.isArray(value) ? "an array" : `of type ${typeof value}`}, not a string`;
  }
  const bytes = Buffer.from(value, "base64url");
  if (bytes.toString("base64url") !== value) return "it is not base64url without padding";
  if (jwk.kty === "RSA") {
    return bytes.length === 0 ? "it is empty" : "its first byte is zero, which must be omitted";
  }
  return `it has ${bytes.length} bytes instead of ${Math.ceil((bits(jwk) ?? 0) / 8)}`;
}

function unknownType(kty: string | null, crv: string | null): string {
  if (crv === "Ed448")
    return "Ed448 is not supported: configure Better Auth to use EdDSA with Ed25519";
  if (crv === "X25519" || crv === "X448") return `${crv} is for key agreement and cannot sign`;
  if (crv === "secp256k1") return "secp256k1 (ES256K) is not supported: use P-256 with ES256";
  return `kty ${kty ?? "(none)"}${crv === null ? "" : ` with crv ${crv}`} is not supported`;
}

/** Notes about a usable key that may surprise the operator. */
function usableKeyNotes({ kid, kty, alg, bits }: KeyEntry, jwk: Jwk): Note[] {
  const notes: Note[] = [];
  if (kid === null) notes.push(warning("no kid: it verifies only tokens without one"));
  if (kid !== null && /^\d{1,9}$/.test(kid)) {
    const text =
      "its kid is a serial number: another environment may use the same kid for another key";
    notes.push(warning(text));
  }
  if (alg !== null && !DEFAULT_ALGORITHMS.includes(alg)) {
    notes.push(warning(`${alg} is accepted only if ALGORITHMS names it`));
  }
  if (alg === null && kty === "RSA") notes.push(warning("no alg: it verifies every RSA algorithm"));
  if (kty === "RSA" && jwk.e !== "AQAB") notes.push(info("its exponent is not the usual 65537"));
  if (kty === "RSA" && (bits ?? 0) > 4096) notes.push(info("a large key: slow to verify"));
  if (Object.hasOwn(jwk, "x5u")) notes.push(info("x5u is ignored"));
  return notes;
}

/** Adds notes about keys that have the same `kid`, or are the same key. */
function compare(entry: KeyEntry, entries: KeyEntry[]): void {
  const others = entries.filter((other) => other !== entry);
  const list = (same: KeyEntry[]) => same.map(({ number }) => number).join(", ");
  const sameKid = others.filter(({ kid }) => kid !== null && kid === entry.kid);
  if (sameKid.length > 0) {
    const tried = sameKid.length > 3 ? ": the edge tries only the first four that fit" : "";
    entry.notes.push(warning(`it has the same kid as key ${list(sameKid)}${tried}`));
  }
  const own = entry.thumbprint;
  const sameKey = others.filter(({ thumbprint }) => own !== null && thumbprint === own);
  if (sameKey.length > 0) entry.notes.push(info(`it is the same key as ${list(sameKey)}`));
}

function setNotes(entries: KeyEntry[]): Note[] {
  if (entries.length === 0) {
    const text = "the set is empty: Better Auth makes a key when it first signs. Sign in once";
    return [failure(text)];
  }
  if (entries.some(({ usable }) => usable)) return [];
  return [failure("no key of the set is usable: the edge rejects every token with unknown_key")];
}

/** The algorithms that the edge accepts by default: those that Better Auth signs with. */
const DEFAULT_ALGORITHMS = ["EdDSA", "Ed25519", "ES256", "ES512", "PS256", "RS256"];
/** The private members of a JWK (RFC 7518, section 6). */
const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
/** Public keys whose private keys RFC 8032, section 7.1, and docs/configuration.md print. */
const PRINTED_KEYS = [
  "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
  "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw",
];

type Jwk = Record<string, unknown>;

function isObject(value: unknown): value is Jwk {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function bits({ kty, crv, n }: Jwk): number | null {
  if (kty === "RSA" && typeof n === "string") {
    const hex = Buffer.from(n, "base64url").toString("hex").replace(/^0+/, "");
    return hex === ""
      ? 0
      : 4 * (hex.length - 1) + Number.parseInt(hex.slice(0, 1), 16).toString(2).length;
  }
  return typeof crv === "string" ? (CURVE_BITS[crv] ?? null) : null;
}

const CURVE_BITS: Record<string, number> = {
  Ed25519: 256,
  Ed448: 456,
  "P-256": 256,
  "P-384": 384,
  "P-521": 521,
  secp256k1: 256,
};

/** The JWK thumbprint (RFC 7638): the hash of the required members in lexicographic order. */
export function thumbprint(jwk: Jwk): string | null {
  const names = typeof jwk.kty === "string" ? REQUIRED_MEMBERS[jwk.kty] : undefined;
  if (!names?.every((name) => typeof jwk[name] === "string")) return null;
  const required = JSON.stringify(Object.fromEntries(names.map((name) => [name, jwk[name]])));
  return createHash("sha256").update(required).digest("base64url");
}

const REQUIRED_MEMBERS: Record<string, string[]> = {
  OKP: ["crv", "kty", "x"],
  EC: ["crv", "kty", "x", "y"],
  RSA: ["e", "kty", "n"],
};

function failure(text: string): Note {
  return { level: "failure", text };
}

function warning(text: string): Note {
  return { level: "warning", text };
}

function info(text: string): Note {
  return { level: "info", text };
}

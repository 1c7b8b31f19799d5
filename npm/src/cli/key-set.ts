/** A JWK Set as people look at it: what each key is, and what is wrong or unusual about it. */
import { createHash } from "node:crypto";
import { load } from "#wasm";

/** An entry of a set. */
export interface Entry {
  /** From 1, in the set's order. */
  number: number;
  kid: string | null;
  kty: string | null;
  alg: string | null;
  crv: string | null;
  use: string | null;
  /** Of an RSA modulus or a curve, in bits; `null` where that cannot be said. */
  bits: number | null;
  /** RFC 7638, SHA-256; `null` where required members are missing. */
  thumbprint: string | null;
  /** Whether tokens signed by it are accepted. */
  usable: boolean;
  /** Why not: the core's word for it. */
  fault: string | null;
  /** What to know about it, the worst first. */
  notes: Note[];
}

/** Something to know, and how bad it is. */
export interface Note {
  level: "failure" | "warning" | "info";
  text: string;
}

const LEVELS = ["failure", "warning", "info"];

/** What a document holds. */
export interface KeySet {
  entries: Entry[];
  /** What is to be said of the set as a whole. */
  notes: Note[];
}

/**
 * Reads a set. Which keys can be used is the core's to say; the words are ours.
 *
 * @throws {NoKeySet} if the text is none
 */
export async function readKeySet(text: string): Promise<KeySet> {
  const glue = await load();
  const [isSet, ...faults] = glue.keyFaults(text).split(",");
  if (isSet !== ":") throw new NoKeySet(whyNoSet(text));
  const { keys } = JSON.parse(text) as { keys: unknown[] };
  const entries = keys.map((key, i) => readEntry(key, i + 1, faults[i] ?? ""));
  for (const entry of entries) {
    compare(entry, entries);
    entry.notes.sort((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level));
  }
  return { entries, notes: setNotes(entries) };
}

/** Why keys that are fetched from there may be another's, as a sentence; the rule is the core's. */
export async function keyUrlWarning(url: URL): Promise<string | undefined> {
  return (await load()).keyUrlWarning(url.origin);
}

/** A document is no JWK Set; the message says why, as half a sentence. */
export class NoKeySet extends Error {
  override name = "NoKeySet";
}

/** The core is stricter than `JSON.parse`, which is enough to say what is wrong. */
function whyNoSet(text: string): string {
  if (text.startsWith("\ufeff")) {
    return "it begins with a byte order mark, which JSON must not have: save it as UTF-8 without";
  }
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return "it is not JSON";
  }
  if (!isObject(document) || !Array.isArray(document.keys)) return "it has no array keys";
  if (Buffer.byteLength(text) > 256 * 1024) return "it is larger than 256 kB";
  return "a member is there twice, or it is not JSON by the letter";
}

/** @param said what the core says of it: a letter, and the member that is wrong where one is */
function readEntry(key: unknown, number: number, said: string): Entry {
  const fault = faultOf(said.slice(0, 1));
  const jwk = isObject(key) ? key : {};
  const text = (name: string) => (typeof jwk[name] === "string" ? jwk[name] : null);
  const entry: Entry = {
    number,
    kid: text("kid"),
    kty: text("kty"),
    alg: text("alg"),
    crv: text("crv"),
    use: text("use"),
    bits: bits(jwk),
    thumbprint: thumbprint(jwk),
    usable: fault === null,
    fault,
    notes: [],
  };
  if (fault === null) entry.notes = unusual(entry, jwk);
  else if (fault === "wrong_form") entry.notes = [warning(wrongForm(key, said.slice(1)))];
  else entry.notes = [wrong(fault, entry, jwk)];
  if (KNOWN_KEYS.includes(text("x") ?? "")) {
    entry.notes.unshift(
      failure("its private half is printed in RFCs and documentation: replace it"),
    );
  }
  return entry;
}

/** What is not known here is a fault too: a key is usable only if the core says so. */
function faultOf(letter: string): string | null {
  return letter === "-" ? null : (FAULTS[letter] ?? "wrong_form");
}

/** The core's letters (`src/bindings/javascript/keys.rs`) for keys that it does not use. */
const FAULTS: Record<string, string> = {
  a: "unknown_type",
  b: "wrong_form",
  c: "private",
  d: "not_for_verifying",
  e: "contradictory",
  f: "weak_point",
  g: "weak_rsa",
  h: "wrong_form",
};

/** Why the core does not use a key, and what to do. */
function wrong(fault: string, { kty, crv, alg, bits }: Entry, jwk: Jwk): Note {
  switch (fault) {
    case "private": {
      const members = PRIVATE_MEMBERS.filter((name) => (jwk[name] ?? null) !== null).join(", ");
      return failure(
        kty === "oct"
          ? "a shared secret is published: everybody can sign with it. Take it away, and change it"
          : `private members are published (${members}): everybody can sign with it. Replace the key`,
      );
    }
    case "unknown_type":
      return warning(unknownType(kty, crv));
    case "not_for_verifying":
      return warning(
        (jwk.use ?? "sig") === "sig"
          ? "it is not for verifying signatures: key_ops lacks verify"
          : "it is not for signatures: use is not sig",
      );
    case "contradictory":
      return warning(`its alg${alg === null ? "" : ` ${alg}`} is not one for ${kty} ${crv ?? ""}`);
    case "weak_point":
      return warning("x and y are no point of the curve, or x is one of small order: damaged?");
    case "weak_rsa":
      return warning(`its modulus (${bits} bits) or its exponent is weak: 2048 bits and e = 65537`);
    default:
      return warning("the edge does not use it");
  }
}

/** What is wrong with the member that the core names; without one, with the entry. */
function wrongForm(key: unknown, member: string): string {
  const ends = "another type, length or encoding than RFC 7518 says";
  if (!isObject(key)) return `the entry has ${ends}: it is not an object`;
  const value = key[member];
  if (value === undefined || value === null) return `its ${member} is missing`;
  return `its ${member} has ${ends}: ${whyWrong(key, member, value)}`;
}

function whyWrong(jwk: Jwk, member: string, value: unknown): string {
  if (member === "key_ops") return "it is not an array of different strings";
  if (typeof value !== "string") {
    return `it is ${Array.isArray(value) ? "an array" : `of type ${typeof value}`}, not a string`;
  }
  const bytes = Buffer.from(value, "base64url");
  if (bytes.toString("base64url") !== value) return "it is not base64url without padding";
  if (jwk.kty === "RSA") {
    return bytes.length === 0 ? "it is empty" : "its first byte is zero, which is to be left out";
  }
  return `it has ${bytes.length} bytes, and ${Math.ceil((bits(jwk) ?? 0) / 8)} are right`;
}

function unknownType(kty: string | null, crv: string | null): string {
  if (crv === "Ed448") return "Ed448 is not supported: have Better Auth use EdDSA with Ed25519";
  if (crv === "X25519" || crv === "X448") return `${crv} is for key agreement and cannot sign`;
  if (crv === "secp256k1") return "secp256k1 (ES256K) is not supported: use P-256 with ES256";
  return `kty ${kty ?? "(none)"}${crv === null ? "" : ` with crv ${crv}`} is not supported`;
}

/** What may surprise about a key that can be used. */
function unusual({ kid, kty, alg, bits }: Entry, jwk: Jwk): Note[] {
  const notes: Note[] = [];
  if (kid === null) notes.push(warning("no kid: it serves only tokens without"));
  if (kid !== null && /^\d{1,9}$/.test(kid)) {
    const text = "its kid is a serial number: other environments have the same one for another key";
    notes.push(warning(text));
  }
  if (alg !== null && !DEFAULT_ALGORITHMS.includes(alg)) {
    notes.push(warning(`${alg} is accepted only where ALGORITHMS names it`));
  }
  if (alg === null && kty === "RSA")
    notes.push(warning("no alg: every RSA algorithm is one for it"));
  if (kty === "RSA" && jwk.e !== "AQAB") notes.push(info("its exponent is not the usual 65537"));
  if (kty === "RSA" && (bits ?? 0) > 4096) notes.push(info("a large key: slow to verify"));
  if (Object.hasOwn(jwk, "x5u")) notes.push(info("x5u is ignored"));
  return notes;
}

/** What only shows beside the other keys. */
function compare(entry: Entry, entries: Entry[]): void {
  const others = entries.filter((other) => other !== entry);
  const list = (same: Entry[]) => same.map(({ number }) => number).join(", ");
  const sameKid = others.filter(({ kid }) => kid !== null && kid === entry.kid);
  if (sameKid.length > 0) {
    const tried = sameKid.length > 3 ? ": only the first four that fit are tried" : "";
    entry.notes.push(warning(`the same kid as key ${list(sameKid)}${tried}`));
  }
  const print = entry.thumbprint;
  const sameKey = others.filter(({ thumbprint }) => print !== null && thumbprint === print);
  if (sameKey.length > 0) entry.notes.push(info(`the same key as ${list(sameKey)}`));
}

function setNotes(entries: Entry[]): Note[] {
  if (entries.length === 0) {
    const text = "the set is empty: Better Auth makes a key when it signs next. Sign in once";
    return [failure(text)];
  }
  if (entries.some(({ usable }) => usable)) return [];
  return [failure("no key of the set can be used: every token is refused as unknown_key")];
}

/** What Better Auth can sign with and the edge accepts unless it is told otherwise. */
const DEFAULT_ALGORITHMS = ["EdDSA", "Ed25519", "ES256", "ES512", "PS256", "RS256"];
/** RFC 7518, section 6. */
const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
/** The examples of docs/configuration.md, from RFC 8032, section 7.1. */
const KNOWN_KEYS = [
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

/** RFC 7638: the required members in lexicographic order. */
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

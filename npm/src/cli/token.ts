import { parseObject } from "./json.ts";

/** A token's readable parts, unverified. */
export interface DecodedToken {
  /** The token's length and kind, in words. */
  description: string;
  header?: Record<string, unknown>;
  claims?: Record<string, unknown>;
}

/** Decodes as much of a token as possible, without a key. It rejects nothing: the verifier does. */
export function decodeToken(token: string): DecodedToken {
  const segments = token.split(".");
  const header = decodeSegment(segments[0]);
  const description = describe(token, segments.length, header !== undefined);
  const decoded: DecodedToken = { description };
  const claims = segments.length === 3 ? decodeSegment(segments[1]) : undefined;
  if (header) decoded.header = header;
  if (claims) decoded.claims = claims;
  return decoded;
}

/** The length and the number of segments, by which users recognize a truncated or another token. */
function describe(token: string, segments: number, hasHeader: boolean): string {
  const isTruncated = hasHeader && segments < 3;
  const kind = isTruncated ? "the beginning of a JWT, cut off" : (KINDS[segments] ?? "not a JWT");
  const count = segments === 1 ? "one segment" : `${segments} segments`;
  return `${Buffer.byteLength(token)} bytes, ${count}: ${kind}`;
}

const KINDS: Record<number, string> = {
  1: "not a JWT, perhaps a session token",
  2: "not a JWT, perhaps a signed session token",
  3: "the form of a JWT",
  5: "an encrypted JWT (JWE)",
};

function decodeSegment(segment = ""): Record<string, unknown> | undefined {
  return parseObject(Buffer.from(segment, "base64url").toString("utf8"));
}

/** A token as it can be read without any key. */

/** What can be read of it. */
export interface Read {
  /** How long it is, and of what it is made. */
  form: string;
  header?: Record<string, unknown>;
  claims?: Record<string, unknown>;
}

/** Reads as much as there is, and refuses nothing: that is the verifier's. */
export function readToken(token: string): Read {
  const segments = token.split(".");
  const header = readSegment(segments[0]);
  const read: Read = { form: form(token, segments.length, header !== undefined) };
  const claims = segments.length === 3 ? readSegment(segments[1]) : undefined;
  if (header) read.header = header;
  if (claims) read.claims = claims;
  return read;
}

/** The length betrays what was cut off, the segments what is something else. */
function form(token: string, segments: number, hasHeader: boolean): string {
  const isCut = hasHeader && segments < 3;
  const kind = isCut ? "the beginning of a JWT, cut off" : (KINDS[segments] ?? "no JWT");
  const count = segments === 1 ? "one segment" : `${segments} segments`;
  return `${Buffer.byteLength(token)} bytes, ${count}: ${kind}`;
}

const KINDS: Record<number, string> = {
  1: "no JWT, perhaps a session token",
  2: "no JWT, perhaps a signed session token",
  3: "a JWT by its form",
  5: "an encrypted JWT (JWE)",
};

function readSegment(segment = ""): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(segment, "base64url").toString("utf8"));
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

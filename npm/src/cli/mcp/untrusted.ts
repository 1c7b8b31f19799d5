import { printable } from "../terminal.ts";

/**
 * Text that a server or a token contains, on one line: bounded, and without characters that are
 * invisible or change the reading direction.
 *
 * @param maxLength characters
 */
export function quoted(value: unknown, maxLength = 200): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  return printable(text, maxLength);
}

/**
 * A result with every text bounded, and without tokens.
 *
 * @param secret the token of the call
 */
export function bounded<T>(value: T, secret?: string): T {
  return bound(value, secret) as T;
}

const MAX_LENGTH = 2_000;
const MAX_ITEMS = 50;

function bound(value: unknown, secret: string | undefined): unknown {
  if (typeof value === "string") return printable(withoutTokens(value, secret), MAX_LENGTH);
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => bound(item, secret));
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).slice(0, MAX_ITEMS);
  return Object.fromEntries(
    members.map(([name, member]) => [
      printable(withoutTokens(name, secret), 100),
      bound(member, secret),
    ]),
  );
}

/** Removes the token of the call, its longer segments, and everything that begins like a JWT. */
function withoutTokens(text: string, given = ""): string {
  const secret = given.trim().split(/\s+/).at(-1) ?? "";
  const segments = secret.split(".").filter((segment) => segment.length >= 16);
  const parts = secret.length >= 16 ? [secret, ...segments] : segments;
  const rest = parts.reduce((before, part) => before.replaceAll(part, REMOVED), text);
  // the encoding of `{"`, as every header of a JWT begins, and at least one more segment
  return rest.replace(/eyJ[\w-]{5,}(?:\.[\w-]*)+/g, REMOVED);
}

const REMOVED = "(token removed)";

/** Tokens on the page. It shows only the ends of each segment, so that no picture leaks a token. */

/** The first characters of each segment of a token, and its last ones. */
export function shortened(token: string): string {
  return token
    .split(".")
    .map((part) => (part.length > 12 ? `${part.slice(0, 5)}…${part.slice(-3)}` : part))
    .join(".");
}

/** A segment of a JWT as JSON, not verified. */
export function segment(token: string, index: 0 | 1): Record<string, unknown> {
  const text = (token.split(".")[index] ?? "").replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

/** The token with another first character in its signature. */
export function withAlteredSignature(token: string): string {
  const at = token.lastIndexOf(".") + 1;
  const other = token[at] === "A" ? "B" : "A";
  return token.slice(0, at) + other + token.slice(at + 1);
}

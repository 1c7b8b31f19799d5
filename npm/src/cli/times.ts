/** The claims that are points in time: seconds since 1970 (RFC 7519, section 2). */
export const TIME_CLAIMS = ["exp", "nbf", "iat", "auth_time"];

/** A time claim in words: `2026-11-21 19:50:03 UTC, 14 min 3 s ago`. */
export function formatTime(seconds: number, now = Date.now() / 1000): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return "not a valid time";
  if (seconds > 100_000_000_000) return "in the far future: milliseconds? Claims are in seconds";
  const text = date
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z/, " UTC");
  const difference = Math.round(seconds - now);
  if (difference === 0) return `${text}, now`;
  return `${text}, ${difference > 0 ? `in ${formatDuration(difference)}` : `${formatDuration(-difference)} ago`}`;
}

/** Seconds in their two largest units: `14 min 3 s`. */
export function formatDuration(seconds: number): string {
  let rest = Math.round(seconds);
  const parts: string[] = [];
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
    else if (parts.length > 0) break;
  }
  return parts.slice(0, 2).join(" ") || "0 s";
}

const UNITS: [string, number][] = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
];

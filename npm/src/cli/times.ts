/** Moments as people say them. */

/** The claims that are moments: seconds since 1970 (RFC 7519, section 2). */
export const TIME_CLAIMS = ["exp", "nbf", "iat", "auth_time"];

/** `2026-11-21 19:50:03 UTC, 14 min 3 s ago` */
export function moment(seconds: number, now = Date.now() / 1000): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return "no moment that there is";
  if (seconds > 100_000_000_000) return "beyond all times: milliseconds? Claims have seconds";
  const text = date
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z/, " UTC");
  const distance = Math.round(seconds - now);
  if (distance === 0) return `${text}, now`;
  return `${text}, ${distance > 0 ? `in ${duration(distance)}` : `${duration(-distance)} ago`}`;
}

/** Seconds in the two largest units that they have: `14 min 3 s`. */
export function duration(seconds: number): string {
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

// Formats values, durations and times for display.

/**
 * Formats a token's value as JSON. Escapes characters that are invisible or change the direction of
 * writing, so that two different claims never look alike.
 *
 * @param {unknown} value
 * @returns {string}
 */
export function formatValue(value) {
  return escapeInvisible(JSON.stringify(value) ?? "absent");
}

/**
 * Formats a value as JSON with line breaks and indentation, with the same escapes.
 *
 * @param {unknown} value
 */
export function formatJson(value) {
  return JSON.stringify(value, undefined, 2).split("\n").map(escapeInvisible).join("\n");
}

/**
 * Escapes characters that are invisible or change the direction of writing.
 *
 * @param {string} text
 */
export function escapeInvisible(text) {
  const escaped = (/** @type {string} */ character) =>
    `\\u{${character.codePointAt(0)?.toString(16)}}`;
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped);
}

/**
 * Formats a duration with at most two units: `14 min 59 s`.
 *
 * @param {number} seconds
 * @returns {string}
 */
export function formatDuration(seconds) {
  let rest = Math.floor(Math.abs(seconds));
  const parts = [];
  for (const [unit, length] of UNITS) {
    const count = Math.floor(rest / length);
    rest -= count * length;
    if (count > 0) parts.push(`${count} ${unit}${count > 1 && length >= DAY ? "s" : ""}`);
    // a unit after an empty one would be false precision
    if (parts.length === 2 || (parts.length === 1 && count === 0)) break;
  }
  return parts.join(" ") || "0 s";
}

const DAY = 86_400;

/** Units in seconds, largest first. Days and years have a plural. @type {[string, number][]} */
const UNITS = [
  ["year", 31_557_600],
  ["day", DAY],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
];

/**
 * Formats a time relative to now: `5 min ago`, `in 5 min`.
 *
 * @param {number} time seconds since 1970
 * @param {number} now likewise
 */
export function formatRelative(time, now) {
  if (Math.abs(time - now) < 1) return "now";
  return time < now ? `${formatDuration(now - time)} ago` : `in ${formatDuration(time - now)}`;
}

/**
 * Creates an element with a time, in the device's time zone.
 *
 * @param {number} time seconds since 1970, up to the year 9999
 * @returns {HTMLTimeElement}
 */
export function timeElement(time) {
  const created = document.createElement("time");
  const date = new Date(time * 1_000);
  created.dateTime = date.toISOString();
  created.title = date.toISOString();
  created.textContent = FORMAT.format(date);
  return created;
}

const FORMAT = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});

/**
 * Makes the first letter upper case.
 *
 * @param {string} text
 */
export function capitalize(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

// Values and times in words.

/**
 * A value from a token as JSON. Characters that are invisible or change the direction of writing are
 * escaped: a claim must not look like another.
 *
 * @param {unknown} value
 * @returns {string}
 */
export function shown(value) {
  return visible(JSON.stringify(value) ?? "absent");
}

/**
 * The same with line breaks and indentation.
 *
 * @param {unknown} value
 */
export function shownAtLength(value) {
  return JSON.stringify(value, undefined, 2).split("\n").map(visible).join("\n");
}

/**
 * A text without characters that hide or turn others around.
 *
 * @param {string} text
 */
export function visible(text) {
  const escaped = (/** @type {string} */ character) =>
    `\\u{${character.codePointAt(0)?.toString(16)}}`;
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped);
}

/**
 * A time span, to two places at most: `14 min 59 s`.
 *
 * @param {number} seconds
 * @returns {string}
 */
export function duration(seconds) {
  let rest = Math.floor(Math.abs(seconds));
  const parts = [];
  for (const [unit, length] of UNITS) {
    const count = Math.floor(rest / length);
    rest -= count * length;
    if (count > 0) parts.push(`${count} ${unit}${count > 1 && length >= DAY ? "s" : ""}`);
    // what comes after a pause would be false precision
    if (parts.length === 2 || (parts.length === 1 && count === 0)) break;
  }
  return parts.join(" ") || "0 s";
}

const DAY = 86_400;

/** Those from a day up have a plural. @type {[string, number][]} */
const UNITS = [
  ["year", 31_557_600],
  ["day", DAY],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
];

/**
 * How long ago, or until when.
 *
 * @param {number} time seconds since 1970
 * @param {number} now likewise
 */
export function relative(time, now) {
  if (Math.abs(time - now) < 1) return "now";
  return time < now ? `${duration(now - time)} ago` : `in ${duration(time - now)}`;
}

/**
 * A moment for the eye, in the device's own time zone.
 *
 * @param {number} time seconds since 1970, up to the year 9999
 * @returns {HTMLTimeElement}
 */
export function moment(time) {
  const made = document.createElement("time");
  const date = new Date(time * 1_000);
  made.dateTime = date.toISOString();
  made.title = date.toISOString();
  made.textContent = FORMAT.format(date);
  return made;
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
 * A text that begins a sentence.
 *
 * @param {string} text
 */
export function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

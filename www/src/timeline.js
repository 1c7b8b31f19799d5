// The token's times and the current time in order, with the durations between them.

import { element } from "./element.js";
import { formatDuration, formatRelative, timeElement } from "./format.js";

/** @import { Explanation, Members } from "./explanation.js" */

/**
 * @typedef {object} Moment
 * @property {number} time seconds since 1970
 * @property {string} name
 */

/** @param {Explanation} explanation */
export function timelineSection({ claims, now, tolerance }) {
  const times = claims ? timesOf(claims) : [];
  if (times.length === 0) return undefined;
  const begins = Math.max(...times.filter(({ name }) => name !== "exp").map(({ time }) => time));
  const ends = times.find(({ name }) => name === "exp")?.time ?? Number.POSITIVE_INFINITY;
  const moments = [...times, { time: now, name: "now" }].sort((a, b) => a.time - b.time);
  const items = moments.map(({ time, name }, index) => {
    const next = moments[index + 1];
    const valid = next !== undefined && time >= begins && next.time <= ends;
    return element(
      "li",
      { class: [name === "now" && "now", valid && "valid"].filter(Boolean).join(" ") },
      element("strong", {}, NAMES[name] ?? name),
      element("span", { class: "claim" }, name === "now" ? "this device" : name),
      timeElement(time),
      name === "now"
        ? undefined
        : element("span", { class: "relative" }, formatRelative(time, now)),
      next && next.time - time >= 1
        ? element("span", { class: "between" }, formatDuration(next.time - time))
        : undefined,
    );
  });
  return element(
    "section",
    {},
    element("h3", {}, "Times"),
    element("ol", { class: "timeline" }, ...items),
    element("p", { class: "hint" }, `Clocks may differ by ${tolerance} s.`),
  );
}

/** @type {Record<string, string>} */
const NAMES = { iat: "Issued", nbf: "Not before", now: "Now", exp: "Expires" };

/** The end of the year 9999. The checks reject later times (RFC 7519, section 2). */
const LAST = 253_402_300_799;

/**
 * @param {Members} claims
 * @returns {Moment[]}
 */
function timesOf(claims) {
  return ["iat", "nbf", "exp"].flatMap((name) => {
    const time = claims[name];
    return typeof time === "number" && time >= 0 && time <= LAST ? [{ time, name }] : [];
  });
}

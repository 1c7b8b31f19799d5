// Everything below the decision.

import { adviceSection } from "./advice.js";
import { checksSection } from "./checks.js";
import { element } from "./element.js";
import { keysSection } from "./keys.js";
import { timelineSection } from "./timeline.js";
import { shownAtLength } from "./words.js";

/** @import { Advice, Explanation, Members } from "./explanation.js" */

/**
 * @typedef {object} Report
 * @property {Explanation} explanation
 * @property {string} token
 * @property {Advice | undefined} advice
 * @property {() => void} paste lets a set be pasted
 */

/**
 * @param {HTMLElement} place
 * @param {Report} report
 */
export function showReport(place, report) {
  const { explanation } = report;
  const sections = [
    adviceSection(report),
    timelineSection(explanation),
    checksSection(explanation, report.token),
    keysSection(explanation),
    section("Header", explanation.header, explanation),
    section("Claims", explanation.claims, explanation),
  ];
  place.replaceChildren(...sections.filter((section) => section !== undefined));
}

/**
 * A part of the token as it says it itself.
 *
 * @param {string} title
 * @param {Members | null} members
 * @param {Explanation} explanation
 */
function section(title, members, { code, checks }) {
  if (!members) return undefined;
  const signed = checks.find((check) => check.name === "signature")?.outcome === "passed";
  const told = signed ? (code === null ? "verified" : "signed, but refused") : "not verified";
  const id = `part-${title.toLowerCase()}`;
  return element(
    "section",
    {},
    element(
      "h3",
      { id },
      `${title} `,
      element("span", { class: signed ? "badge" : "badge doubtful" }, told),
    ),
    // scrollable, so it must be reachable by keyboard
    element("pre", { tabindex: "0", role: "group", "aria-labelledby": id }, shownAtLength(members)),
  );
}

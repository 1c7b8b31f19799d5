// The report below the decision.

import { checksSection } from "./checks.js";
import { element } from "./element.js";
import { errorHelpSection } from "./error-help.js";
import { formatJson } from "./format.js";
import { keysSection } from "./keys.js";
import { timelineSection } from "./timeline.js";

/** @import { ErrorHelp, Explanation, Members } from "./explanation.js" */

/**
 * @typedef {object} Report
 * @property {Explanation} explanation
 * @property {string} token
 * @property {ErrorHelp | undefined} help
 * @property {() => void} paste switches the form to a pasted set
 */

/**
 * @param {HTMLElement} place
 * @param {Report} report
 */
export function showReport(place, report) {
  const { explanation } = report;
  const sections = [
    errorHelpSection(report),
    timelineSection(explanation),
    checksSection(explanation, report.token),
    keysSection(explanation),
    section("Header", explanation.header, explanation),
    section("Claims", explanation.claims, explanation),
  ];
  place.replaceChildren(...sections.filter((section) => section !== undefined));
}

/**
 * The header or the claims of the token, as JSON.
 *
 * @param {string} title
 * @param {Members | null} members
 * @param {Explanation} explanation
 */
function section(title, members, { code, checks }) {
  if (!members) return undefined;
  const signed = checks.find((check) => check.name === "signature")?.outcome === "passed";
  const status = signed ? (code === null ? "verified" : "signed, but rejected") : "not verified";
  const id = `part-${title.toLowerCase()}`;
  return element(
    "section",
    {},
    element(
      "h3",
      { id },
      `${title} `,
      element("span", { class: signed ? "badge" : "badge doubtful" }, status),
    ),
    // scrollable, so the keyboard must reach it
    element("pre", { tabindex: "0", role: "group", "aria-labelledby": id }, formatJson(members)),
  );
}

// The decision in a few words, in a live region that screen readers announce.

import { element } from "./element.js";
import { capitalize, escapeInvisible, formatValue } from "./format.js";
import { LABELS } from "./labels.js";

/** @import { Explanation } from "./explanation.js" */

/** @param {HTMLElement} place */
export function showWaiting(place) {
  place.className = "waiting";
  place.replaceChildren(
    element("h2", { id: "decision-title" }, "One moment"),
    element("p", {}, "Checking the token."),
  );
}

/**
 * @param {HTMLElement} place
 * @param {Explanation} explanation
 */
export function showDecision(place, { code, status, title, detail, user, checks }) {
  if (code === null) {
    place.className = "accepted";
    place.replaceChildren(
      element("p", { class: "verdict" }, "Accepted"),
      element("h2", { id: "decision-title" }, "The token is valid"),
      element("p", {}, "It identifies the user ", element("strong", {}, formatValue(user)), "."),
    );
    return;
  }
  const failed = checks.find((check) => check.outcome === "failed");
  place.className = "rejected";
  place.replaceChildren(
    element("p", { class: "verdict" }, `${status} `, element("code", {}, code)),
    element("h2", { id: "decision-title" }, title ?? "The token is rejected"),
    element("p", {}, sentence(detail ?? "")),
    element("p", { class: "where" }, failed ? `The check “${LABELS[failed.name]}” failed.` : ""),
  );
}

/**
 * Shows why the core rejects the options, one line per option.
 *
 * @param {HTMLElement} place
 * @param {unknown} error
 * @returns {string[]} the names of the invalid options
 */
export function showSettingErrors(place, error) {
  const message = error instanceof Error ? error.message : String(error);
  const isSettingError =
    error instanceof Error && "code" in error && error.code === "misconfigured";
  const errors = message.split("; ");
  place.className = "invalid";
  place.replaceChildren(
    element(
      "h2",
      { id: "decision-title" },
      isSettingError ? "These settings are invalid" : "The inspector failed",
    ),
    element("ul", {}, ...errors.map((text) => element("li", {}, escapeInvisible(text)))),
  );
  return isSettingError ? errors.map((text) => text.split(" ")[0] ?? "") : [];
}

/** @param {string} text */
function sentence(text) {
  return `${capitalize(escapeInvisible(text))}.`;
}

// The decision in a few words, which a screen reader says by itself.

import { element } from "./element.js";
import { LABELS } from "./labels.js";
import { capital, shown, visible } from "./words.js";

/** @import { Explanation } from "./explanation.js" */

/** @param {HTMLElement} place */
export function showWaiting(place) {
  place.className = "waiting";
  place.replaceChildren(
    element("h2", { id: "decision-title" }, "One moment"),
    element("p", {}, "The token is being checked."),
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
      element("h2", { id: "decision-title" }, "The token is good"),
      element("p", {}, "It speaks for the user ", element("strong", {}, shown(user)), "."),
    );
    return;
  }
  const failed = checks.find((check) => check.outcome === "failed");
  place.className = "refused";
  place.replaceChildren(
    element("p", { class: "verdict" }, `${status} `, element("code", {}, code)),
    element("h2", { id: "decision-title" }, title ?? "The token is refused"),
    element("p", {}, sentence(detail ?? "")),
    element(
      "p",
      { class: "where" },
      failed ? `Refused by the check “${LABELS[failed.name]}”.` : "",
    ),
  );
}

/**
 * Options that the core does not take, each with what is wrong.
 *
 * @param {HTMLElement} place
 * @param {unknown} error
 * @returns {string[]} the options that are wrong
 */
export function showFaults(place, error) {
  const message = error instanceof Error ? error.message : String(error);
  const known = error instanceof Error && "code" in error && error.code === "misconfigured";
  const faults = message.split("; ");
  place.className = "faulty";
  place.replaceChildren(
    element("h2", { id: "decision-title" }, known ? "These settings cannot be used" : "It failed"),
    element("ul", {}, ...faults.map((fault) => element("li", {}, visible(fault)))),
  );
  return known ? faults.map((fault) => fault.split(" ")[0] ?? "") : [];
}

/** @param {string} text */
function sentence(text) {
  return `${capital(visible(text))}.`;
}

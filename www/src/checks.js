// The list of checks in order: the token's value beside the rule.

import { element } from "./element.js";
import { escapeInvisible, formatRelative, formatValue } from "./format.js";
import { LABELS } from "./labels.js";

/** @import { Check, Explanation, Outcome } from "./explanation.js" */

/**
 * @param {Explanation} explanation
 * @param {string} token
 */
export function checksSection(explanation, token) {
  const rows = explanation.checks.map((check) => row(check, explanation, token));
  return element(
    "section",
    {},
    element("h3", {}, "Checks, in order"),
    element("p", { class: "hint" }, "The first failed check decides."),
    element("ol", { class: "checks" }, ...rows),
  );
}

/** @type {Record<Outcome, string>} */
const OUTCOMES = {
  passed: "passed",
  failed: "failed",
  not_reached: "not reached",
  would_pass: "not reached, would pass",
  would_fail: "not reached, would fail",
};

/**
 * @param {Check} check
 * @param {Explanation} explanation
 * @param {string} token
 */
function row(check, explanation, token) {
  const { name, outcome, code, detail, expected } = check;
  return element(
    "li",
    { class: outcome, "data-check": name },
    element("h4", {}, LABELS[name] ?? name),
    element("p", { class: "outcome" }, OUTCOMES[outcome]),
    element(
      "dl",
      {},
      element(
        "div",
        {},
        element("dt", {}, "Token"),
        element("dd", {}, valueFor(check, explanation, token)),
      ),
      element("div", {}, element("dt", {}, "Rule"), element("dd", {}, expected)),
    ),
    // the decision already shows the detail of the failed check
    detail !== null && outcome === "would_fail"
      ? element(
          "p",
          { class: "detail" },
          element("code", {}, code ?? ""),
          ` ${escapeInvisible(detail)}`,
        )
      : undefined,
  );
}

/**
 * The token's value for a check. Display only: the core has already decided.
 *
 * @param {Check} check
 * @param {Explanation} explanation
 * @param {string} token
 */
function valueFor(check, explanation, token) {
  if (check.name === "form") return form(token);
  if (check.name === "signature") return signature(check, explanation);
  const members = explanation[check.in];
  if (!members) return "not read";
  const present = check.members.filter((name) => members[name] != null);
  const missing = check.members.filter((name) => members[name] == null);
  switch (check.name) {
    case "header":
    case "kind":
      return present.join(", ") || "none";
    case "presence":
      return missing.length > 0 ? `${missing.join(", ")} missing` : present.join(", ");
    case "types":
      return present.map((name) => `${name}: ${type(members[name])}`).join(", ") || "none";
    case "expiry":
    case "not_before":
    case "issued":
    case "age":
      return time(members[check.members[0] ?? ""], explanation.now);
    case "user":
      return namedValues(check.members, members);
    default:
      return valuesOf(check.members, members);
  }
}

/** @param {string} token */
function form(token) {
  const segments = token === "" ? 0 : token.split(".").length;
  const bytes = new TextEncoder().encode(token).length;
  const spaced = /\s/.test(token) ? ", contains white space" : "";
  return `${segments} segment${segments === 1 ? "" : "s"}, ${bytes} bytes${spaced}`;
}

/**
 * @param {Check} check
 * @param {Explanation} explanation
 */
function signature({ outcome }, { keys }) {
  const tried = keys.filter((key) => key.used);
  const names = tried.map((key) =>
    key.kid === null ? "the key without a kid" : formatValue(key.kid),
  );
  if (outcome === "passed")
    return names.length > 0 ? `with ${names.join(", ")}` : "with the secret";
  return outcome === "failed" ? `not with ${names.join(", ")}` : "not tried";
}

/** @param {unknown} value */
function type(value) {
  return Array.isArray(value) ? "array" : typeof value;
}

/**
 * @param {unknown} value
 * @param {number} now
 */
function time(value, now) {
  if (typeof value !== "number") return oneValue(value);
  return `${value} (${formatRelative(value, now)})`;
}

/**
 * @param {string[]} names
 * @param {Record<string, unknown>} members
 */
function valuesOf(names, members) {
  const [only, ...others] = names;
  if (only === undefined || others.length > 0) return namedValues(names, members);
  return oneValue(members[only]);
}

/**
 * @param {string[]} names
 * @param {Record<string, unknown>} members
 */
function namedValues(names, members) {
  return names.map((name) => `${name}: ${oneValue(members[name])}`).join(", ");
}

/** @param {unknown} value */
function oneValue(value) {
  return value == null ? "absent" : formatValue(value);
}

// What to do about it: docs/errors.md, and what only a browser runs into.

import { element, prose } from "./element.js";
import { capital } from "./words.js";

/** @import { Report } from "./report.js" */

/** @param {Report} report */
export function adviceSection(report) {
  const { advice } = report;
  if (!advice) return undefined;
  return element(
    "section",
    { class: "advice" },
    element("h3", {}, "What to do"),
    unreachable(report),
    element("p", {}, ...prose(advice.meaning)),
    element("h4", {}, "Cure"),
    element("p", {}, ...prose(capital(advice.cure))),
    element("h4", {}, "Causes"),
    element("ul", {}, ...advice.causes.map((cause) => element("li", {}, ...prose(cause)))),
  );
}

/**
 * A page is told nothing about why it may not read an answer; the edge has no such limit.
 *
 * @param {Report} report
 */
function unreachable({ explanation, paste }) {
  const { code, cause, source } = explanation;
  if (code !== "keys_unavailable" || !source) return undefined;
  const button = element("button", { type: "button", class: "quiet" }, "Paste the JWK Set instead");
  button.addEventListener("click", paste);
  return element(
    "div",
    { class: "note" },
    element("p", {}, "Asked for the keys at ", link(source), `: ${cause ?? "no answer"}.`),
    element("p", {}, why(cause, source)),
    element("p", {}, button),
  );
}

/**
 * @param {string | null} cause
 * @param {string} source
 */
function why(cause, source) {
  if (isBlocked(source)) {
    return "This page fetches keys over https, or over http from this machine only. The edge may do more: open the address in a tab and paste what it shows.";
  }
  if (cause?.includes("could not be reached")) {
    return "Either the server is down, or it does not allow this page to read its answer (CORS): browsers tell no difference. The edge needs no such permission. Open the address in a tab; if it shows the keys, paste them here.";
  }
  return "The edge would have been answered the same.";
}

/**
 * Whether the policy in index.html keeps the page from it.
 *
 * @param {string} url
 */
function isBlocked(url) {
  const { protocol, hostname, origin } = new URL(url);
  const local = ["localhost", "127.0.0.1"].includes(hostname);
  return protocol === "http:" && !local && origin !== location.origin;
}

/** @param {string} url which the core has found to be http or https */
function link(url) {
  if (!/^https?:/.test(url)) return element("span", {}, url);
  return element("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, url);
}

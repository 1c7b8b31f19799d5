// Help for an error code: its section of docs/errors.md, and what applies in a browser only.

import { element, inlineCode } from "./element.js";
import { capitalize } from "./format.js";

/** @import { Report } from "./report.js" */

/** @param {Report} report */
export function errorHelpSection(report) {
  const { help } = report;
  if (!help) return undefined;
  return element(
    "section",
    { class: "error-help" },
    element("h3", {}, "What to do"),
    unavailableKeys(report),
    element("p", {}, ...inlineCode(help.meaning)),
    element("h4", {}, "Cure"),
    element("p", {}, ...inlineCode(capitalize(help.cure))),
    element("h4", {}, "Causes"),
    element("ul", {}, ...help.causes.map((cause) => element("li", {}, ...inlineCode(cause)))),
  );
}

/**
 * Browsers do not tell a page why it cannot read a response. The edge has no such limit.
 *
 * @param {Report} report
 */
function unavailableKeys({ explanation, paste }) {
  const { code, cause, source } = explanation;
  if (code !== "keys_unavailable" || !source) return undefined;
  const button = element("button", { type: "button", class: "quiet" }, "Paste the JWK Set instead");
  button.addEventListener("click", paste);
  return element(
    "div",
    { class: "note" },
    element("p", {}, "Requested the keys from ", link(source), `: ${cause ?? "no response"}.`),
    element("p", {}, explanationOf(cause, source)),
    element("p", {}, button),
  );
}

/**
 * @param {string | null} cause
 * @param {string} source
 */
function explanationOf(cause, source) {
  if (isBlocked(source)) {
    return "This page fetches keys over https, and over http from this machine only. The edge may use other URLs. Open the URL in a tab and paste the keys here.";
  }
  if (cause?.includes("could not be reached")) {
    return "The server is down, or it does not allow this page to read its response (CORS). Browsers do not say which. The edge needs no such permission. Open the URL in a tab. If it shows the keys, paste them here.";
  }
  return "The edge would get the same response.";
}

/**
 * Whether the Content Security Policy in index.html blocks that URL.
 *
 * @param {string} url
 */
function isBlocked(url) {
  const { protocol, hostname, origin } = new URL(url);
  const local = ["localhost", "127.0.0.1"].includes(hostname);
  return protocol === "http:" && !local && origin !== location.origin;
}

/** @param {string} url an http or https URL, checked by the core */
function link(url) {
  if (!/^https?:/.test(url)) return element("span", {}, url);
  return element("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, url);
}

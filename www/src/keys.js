// The keys of the set: those that verified the signature, the others, and unusable entries.

import { element } from "./element.js";
import { formatValue } from "./format.js";

/** @import { Explanation, Key } from "./explanation.js" */

/** @param {Explanation} explanation */
export function keysSection({ code, keys, unusable, source }) {
  if (keys.length === 0 && unusable.length === 0) return undefined;
  const used = keys.filter((key) => key.used);
  const others = keys.filter((key) => !key.used);
  const title = used.length === 0 ? "Keys of the set" : "Key used";
  return element(
    "section",
    {},
    element("h3", {}, used.length > 1 ? "Keys tried" : title),
    source === null ? undefined : element("p", { class: "hint" }, `From ${source}`),
    ...used.map((key) => card(key, code === null ? "signed the token" : "")),
    used.length > 0 && others.length > 0
      ? element("details", {}, element("summary", {}, countOf(others)), ...cards(others))
      : undefined,
    ...(used.length === 0 ? cards(others) : []),
    unusable.length > 0
      ? element(
          "div",
          { class: "note" },
          element("p", {}, "Unusable entries of the set:"),
          element("ul", {}, ...unusable.slice(0, LIMIT).map((reason) => element("li", {}, reason))),
        )
      : undefined,
  );
}

/** The number of keys to show: a set may be large. */
const LIMIT = 20;

/** @param {Key[]} others */
function countOf(others) {
  return others.length === 1 ? "Another key of the set" : `${others.length} other keys of the set`;
}

/** @param {Key[]} keys */
function cards(keys) {
  const rest = keys.length - LIMIT;
  const more = rest > 0 ? [element("p", { class: "hint" }, `and ${rest} more`)] : [];
  return [...keys.slice(0, LIMIT).map((key) => card(key, "")), ...more];
}

/**
 * @param {Key} key
 * @param {string} role
 */
function card(key, role) {
  const entry = (/** @type {string} */ name, /** @type {string} */ value) =>
    element("div", {}, element("dt", {}, name), element("dd", {}, value));
  return element(
    "dl",
    { class: key.used ? "key used" : "key" },
    entry("kid", key.kid === null ? "absent" : formatValue(key.kid)),
    entry("Type", `${key.kty}, ${key.size}`),
    entry("alg", key.alg ?? "any of its key type"),
    entry("Thumbprint", key.thumbprint),
    role ? entry("Role", role) : undefined,
  );
}

// The key that was used, and the others of the set.

import { element } from "./element.js";
import { shown } from "./words.js";

/** @import { Explanation, Key } from "./explanation.js" */

/** @param {Explanation} explanation */
export function keysSection({ code, keys, unusable, source }) {
  if (keys.length === 0 && unusable.length === 0) return undefined;
  const used = keys.filter((key) => key.used);
  const others = keys.filter((key) => !key.used);
  const title = used.length === 0 ? "Keys of the set" : "Key that was used";
  return element(
    "section",
    {},
    element("h3", {}, used.length > 1 ? "Keys that were tried" : title),
    source === null ? undefined : element("p", { class: "hint" }, `From ${source}`),
    ...used.map((key) => card(key, code === null ? "signed the token" : "")),
    used.length > 0 && others.length > 0
      ? element("details", {}, element("summary", {}, otherKeys(others)), ...some(others))
      : undefined,
    ...(used.length === 0 ? some(others) : []),
    unusable.length > 0
      ? element(
          "div",
          { class: "note" },
          element("p", {}, "Entries of the set that cannot be used:"),
          element("ul", {}, ...unusable.slice(0, MOST).map((why) => element("li", {}, why))),
        )
      : undefined,
  );
}

/** A set may be large. */
const MOST = 20;

/** @param {Key[]} others */
function otherKeys(others) {
  return others.length === 1 ? "Another key of the set" : `${others.length} other keys of the set`;
}

/** @param {Key[]} keys */
function some(keys) {
  const rest = keys.length - MOST;
  const more = rest > 0 ? [element("p", { class: "hint" }, `and ${rest} more`)] : [];
  return [...keys.slice(0, MOST).map((key) => card(key, "")), ...more];
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
    entry("kid", key.kid === null ? "absent" : shown(key.kid)),
    entry("Type", `${key.kty}, ${key.size}`),
    entry("alg", key.alg ?? "any of its type"),
    entry("Thumbprint", key.thumbprint),
    role ? entry("Role", role) : undefined,
  );
}

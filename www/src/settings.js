// The settings: from the form to the core's options, and to a link and back. A link never carries a
// token or a set.

/** @typedef {"baseURL" | "jwksUrl" | "jwks"} Source */

/**
 * @typedef {object} Request what the form asks for
 * @property {string} token
 * @property {string | undefined} jwks
 * @property {Record<string, unknown>} options named as those of `createVerifier`
 */

/** What may be one value or several, separated by commas. */
const LISTS = ["issuer", "audience", "userClaim", "algorithms"];

/** What a link may carry. */
const IN_LINKS = ["baseURL", "jwksUrl", ...LISTS, "profile", "clockTolerance"];

/**
 * @param {FormData} form
 * @returns {Request} fields that are empty have their defaults
 */
export function read(form) {
  const text = (/** @type {string} */ name) => String(form.get(name) ?? "").trim();
  const source = text("source");
  /** @type {Record<string, unknown>} */
  const options = {};
  if (source !== "jwks" && text(source)) options[source] = text(source);
  for (const name of LISTS) {
    if (text(name))
      options[name] = text(name)
        .split(",")
        .map((value) => value.trim());
  }
  if (text("profile")) options.profile = text("profile");
  if (text("clockTolerance")) options.clockTolerance = Number(text("clockTolerance"));
  return {
    token: bare(text("token")),
    jwks: source === "jwks" ? text("jwks") : undefined,
    options,
  };
}

/**
 * The token of a header that was copied as a whole.
 *
 * @param {string} text
 */
function bare(text) {
  return text.replace(/^(authorization:\s*)?bearer\s+/i, "");
}

/**
 * @param {FormData} form
 * @returns {string} the fragment of a link, which browsers send to no server
 */
export function toFragment(form) {
  const source = form.get("source");
  const carried = new URLSearchParams();
  for (const name of IN_LINKS) {
    const value = String(form.get(name) ?? "").trim();
    const other = SOURCES.includes(name) && name !== source;
    if (value && !other) carried.set(name, value);
  }
  return carried.toString();
}

const SOURCES = ["baseURL", "jwksUrl"];

/**
 * Fills the form from a link. Nothing is fetched by that.
 *
 * @param {HTMLFormElement} form
 * @param {string} fragment without `#`
 * @returns {{ filled: boolean, refused: boolean }} whether something was, and whether the link carried
 *   what no link may
 */
export function fromFragment(form, fragment) {
  const carried = new URLSearchParams(fragment);
  let filled = false;
  for (const name of IN_LINKS) {
    const field = form.elements.namedItem(name);
    const value = carried.get(name);
    if (!value || !(field instanceof HTMLInputElement || field instanceof HTMLSelectElement)) {
      continue;
    }
    field.value = value;
    filled = true;
    if (SOURCES.includes(name)) choose(form, name);
  }
  return { filled, refused: [...carried.keys()].some((name) => !IN_LINKS.includes(name)) };
}

/**
 * Chooses where keys come from.
 *
 * @param {HTMLFormElement} form
 * @param {string} source
 */
export function choose(form, source) {
  const choice = form.elements.namedItem("source");
  if (choice instanceof RadioNodeList) choice.value = source;
  showSource(form);
}

/**
 * Shows the one field that the chosen source has, and what else must be said then: only Better Auth's
 * URL gives issuer and audience.
 *
 * @param {HTMLFormElement} form
 */
export function showSource(form) {
  const chosen = new FormData(form).get("source");
  for (const field of form.querySelectorAll("[data-source]")) {
    if (field instanceof HTMLElement) field.hidden = field.dataset.source !== chosen;
  }
  const rules = form.querySelector("details");
  if (rules && chosen !== "baseURL") rules.open = true;
}

// Converts the form to the core's options, and to a link and back. A link never contains a token or
// a JWK Set.

/** @typedef {"baseURL" | "jwksUrl" | "jwks"} Source */

/**
 * @typedef {object} Request the content of the form
 * @property {string} token
 * @property {string | undefined} jwks
 * @property {Record<string, unknown>} options the options of `createVerifier`
 */

/** Fields that accept a comma-separated list. */
const LISTS = ["issuer", "audience", "userClaim", "algorithms"];

/** Fields that a link may contain. */
const LINK_FIELDS = ["baseURL", "jwksUrl", ...LISTS, "profile", "clockTolerance"];

/**
 * @param {FormData} form
 * @returns {Request} without empty fields, for which the core uses its defaults
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
    token: withoutScheme(text("token")),
    jwks: source === "jwks" ? text("jwks") : undefined,
    options,
  };
}

/**
 * The token of a copied `Authorization` header.
 *
 * @param {string} text
 */
function withoutScheme(text) {
  return text.replace(/^(authorization:\s*)?bearer\s+/i, "");
}

/**
 * @param {FormData} form
 * @returns {string} the fragment of a link; browsers do not send it to servers
 */
export function toFragment(form) {
  const source = form.get("source");
  const parameters = new URLSearchParams();
  for (const name of LINK_FIELDS) {
    const value = String(form.get(name) ?? "").trim();
    const other = SOURCES.includes(name) && name !== source;
    if (value && !other) parameters.set(name, value);
  }
  return parameters.toString();
}

const SOURCES = ["baseURL", "jwksUrl"];

/**
 * Fills the form from a link, without fetching anything.
 *
 * @param {HTMLFormElement} form
 * @param {string} fragment without `#`
 * @returns {{ filled: boolean, ignored: boolean }} whether the link filled a field, and whether it
 *   contained a parameter that links must not contain
 */
export function fromFragment(form, fragment) {
  const parameters = new URLSearchParams(fragment);
  let filled = false;
  for (const name of LINK_FIELDS) {
    const field = form.elements.namedItem(name);
    const value = parameters.get(name);
    if (!value || !(field instanceof HTMLInputElement || field instanceof HTMLSelectElement)) {
      continue;
    }
    field.value = value;
    filled = true;
    if (SOURCES.includes(name)) chooseSource(form, name);
  }
  return { filled, ignored: [...parameters.keys()].some((name) => !LINK_FIELDS.includes(name)) };
}

/**
 * Selects the source of the keys.
 *
 * @param {HTMLFormElement} form
 * @param {string} source
 */
export function chooseSource(form, source) {
  const choice = form.elements.namedItem("source");
  if (choice instanceof RadioNodeList) choice.value = source;
  showSource(form);
}

/**
 * Shows the field of the selected source. For any source but Better Auth's URL it also opens the
 * fields for issuer and audience, which then have no default.
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

// Explanations of tokens by the core. The core decides, the page only displays.

import init, { explain as explainByCore } from "core";

/**
 * @typedef {import("core").Explanation} Explanation
 * @typedef {import("core").Check} Check
 * @typedef {import("core").Outcome} Outcome
 * @typedef {import("core").Key} Key
 * @typedef {import("core").Members} Members
 *
 * A section of docs/errors.md
 *
 * @typedef {{ meaning: string, causes: string[], cure: string }} ErrorHelp
 */

const sibling = (/** @type {string} */ name) => new URL(name, import.meta.url);

/** Fetched when the page loads, so that explaining a token fetches nothing but keys. */
const core = init({ module_or_path: sibling("inspector.wasm") });

/** @type {Promise<Record<string, ErrorHelp>>} */
const errors = fetch(sibling("errors.json")).then((response) => response.json());

/**
 * @param {object} options of `createVerifier`
 * @param {string | undefined} jwks a JWK Set as text, in place of its URL
 * @param {string} token
 * @returns {Promise<Explanation>} rejects with an `Error` that has `code` `misconfigured` for
 *   invalid options, and with another `Error` if the browser does not offer WebCrypto
 */
export async function explain(options, jwks, token) {
  if (!isSecureContext) throw new Error(INSECURE);
  await core;
  const explanation = await explainByCore(options, jwks, token);
  const { header, claims } = explanation;
  return { ...explanation, header: parse(header), claims: parse(claims) };
}

/**
 * @param {string | null} json
 * @returns {Members | null}
 */
function parse(json) {
  return json === null ? null : JSON.parse(json);
}

/** Without WebCrypto, every RSA or ECDSA signature would look invalid. */
const INSECURE =
  "This page was loaded over plain http: browsers verify signatures only on pages loaded over https or from localhost";

/**
 * @param {string} code
 * @returns {Promise<ErrorHelp | undefined>}
 */
export async function errorHelp(code) {
  return (await errors)[code];
}

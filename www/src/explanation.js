// Explanations of tokens by the core. The core decides, the page only displays.

import init, { explain as explainByCore } from "core";

/**
 * The result of a check. A check that was not reached has no effect, but the core may still have
 * evaluated it.
 *
 * @typedef {"passed" | "failed" | "not_reached" | "would_pass" | "would_fail"} Outcome
 *
 * @typedef {object} Check
 * @property {string} name stable identifier
 * @property {"header" | "claims"} in the part of the token that contains its members
 * @property {Outcome} outcome
 * @property {string | null} code error code of a check that failed or would fail
 * @property {string | null} detail its message
 * @property {string[]} members the header members or claims that it checks
 * @property {string} expected the rule in words
 *
 * @typedef {object} Key a usable key of the set
 * @property {string | null} kid
 * @property {string} kty
 * @property {string} size the curve, or the length of the modulus
 * @property {string | null} alg
 * @property {string} thumbprint RFC 7638
 * @property {boolean} used whether the signature was verified with it
 *
 * @typedef {Record<string, unknown>} Members
 *
 * @typedef {object} Explanation
 * @property {string | null} code of the rejection; `null` for an accepted token
 * @property {number | null} status HTTP status
 * @property {string | null} title
 * @property {string | null} detail
 * @property {string | null} cause why the keys could not be fetched
 * @property {string | null} user
 * @property {number} now seconds since 1970
 * @property {number} tolerance seconds
 * @property {Check[]} checks
 * @property {Members | null} header `null` if it could not be parsed
 * @property {Members | null} claims `null` if they could not be parsed
 * @property {string | null} source URL of the keys
 * @property {Key[]} keys
 * @property {string[]} unusable why the core ignores entries of the set
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
  // texts, so that the wasm does not build objects of any shape
  const [header, claims] = [explanation.header, explanation.claims].map(parsed);
  return { ...explanation, header, claims };
}

/** @param {string | null} json @returns {Members | null} */
function parsed(json) {
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

// What the core says about a token. It alone decides; the page shows.

import init, { explain as explainByCore } from "core";

/**
 * How a check has ended. What has not been reached decides nothing; the core may have looked at it
 * all the same.
 *
 * @typedef {"passed" | "failed" | "not_reached" | "would_pass" | "would_fail"} Outcome
 *
 * @typedef {object} Check
 * @property {string} name its stable name
 * @property {"header" | "claims"} in where its members are
 * @property {Outcome} outcome
 * @property {string | null} code where it has failed or would have
 * @property {string | null} detail likewise
 * @property {string[]} members what it is about
 * @property {string} expected the rule, as half a sentence
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
 * @property {string | null} code of the refusal; `null` for a token that is accepted
 * @property {number | null} status of HTTP
 * @property {string | null} title
 * @property {string | null} detail
 * @property {string | null} cause why keys could not be had
 * @property {string | null} user
 * @property {number} now seconds since 1970
 * @property {number} tolerance seconds
 * @property {Check[]} checks
 * @property {Members | null} header if it could be read
 * @property {Members | null} claims if they could be read
 * @property {string | null} source the URL of the keys
 * @property {Key[]} keys
 * @property {string[]} unusable why entries of the set are ignored
 *
 * @typedef {{ meaning: string, causes: string[], cure: string }} Advice a section of docs/errors.md
 */

const beside = (/** @type {string} */ name) => new URL(name, import.meta.url);

/** Fetched while the page is read, so that nothing but keys is when a token is there. */
const core = init({ module_or_path: beside("inspector.wasm") });

/** @type {Promise<Record<string, Advice>>} */
const errors = fetch(beside("errors.json")).then((response) => response.json());

/**
 * @param {object} options of `createVerifier`
 * @param {string | undefined} jwks a set as text, in place of where it is
 * @param {string} token
 * @returns {Promise<Explanation>} rejected with an `Error` that has `code` `misconfigured` for
 *   options that cannot be used, and with another where the browser keeps its WebCrypto to itself
 */
export async function explain(options, jwks, token) {
  if (!isSecureContext) throw new Error(INSECURE);
  await core;
  return JSON.parse(await explainByCore(options, jwks, token));
}

/** Without WebCrypto, every signature by RSA or ECDSA would seem to be bad. */
const INSECURE =
  "This page was opened by plain http: browsers verify signatures only in pages that come by https or from localhost";

/**
 * @param {string} code
 * @returns {Promise<Advice | undefined>}
 */
export async function advice(code) {
  return (await errors)[code];
}

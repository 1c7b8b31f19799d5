// This project's verifier, as a user of its JavaScript API calls it.

import { createVerifier, imports, start } from "better-auth-edge-wasm";

/** @typedef {import("./material.js").KeyMaterial} KeyMaterial */
/** @typedef {import("./host.js").Candidate} Candidate */

/** Far more verifications than a key needs to earn its largest table. */
const USES_UNTIL_WARM = 1000;
/** Fewer than a key needs for its first table. */
const USES_WHILE_COLD = 8;

/** @type {WebAssembly.Memory | undefined} */
let memory;

/** @param {WebAssembly.Module} module */
export function instantiate(module) {
  if (memory) return;
  memory = start(new WebAssembly.Instance(module, imports));
}

/** Bytes. */
export function memorySize() {
  if (!memory) throw new Error("the wasm is not instantiated");
  return memory.buffer.byteLength;
}

/**
 * @param {KeyMaterial} material
 * @param {object} [options]
 */
export function verifierOf({ issuer, jwks, secret, algorithm }, options) {
  const keys = secret ? { secret } : { jwks };
  return createVerifier({ ...keys, issuer, audience: issuer, algorithms: [algorithm], ...options });
}

/** A key that has earned no table: a new verifier every few verifications. */
function cold(/** @type {KeyMaterial} */ material) {
  return {
    prepare(/** @type {string[]} */ tokens) {
      let verifier = verifierOf(material, { tokenCache: 0 });
      return tokens.map((token, index) => {
        const used = index > 0 && index % USES_WHILE_COLD === 0;
        if (used) verifier = verifierOf(material, { tokenCache: 0 });
        return { verifier, token };
      });
    },
    verify: ({ verifier, token }) => verifier.verify(token),
    release(/** @type {{ verifier: { free(): void } }[]} */ items) {
      for (const verifier of new Set(items.map((item) => item.verifier))) verifier.free();
    },
  };
}

/** A key that has earned its tables, and no cache of tokens. */
async function warm(/** @type {KeyMaterial} */ material) {
  const verifier = verifierOf(material, { tokenCache: 0 });
  const uses = material.algorithm === "EdDSA" ? USES_UNTIL_WARM : 1;
  for (let use = 0; use < uses; use++) await verifier.verify(material.tokens[0]);
  return { verify: (/** @type {string} */ token) => verifier.verify(token) };
}

/** The verifier as it is by default: it has seen the tokens before. */
function cached(/** @type {KeyMaterial} */ material) {
  const verifier = verifierOf(material);
  return { verify: (/** @type {string} */ token) => verifier.verify(token) };
}

export const ours = { "ours cold": cold, "ours warm": warm, "ours cached": cached };

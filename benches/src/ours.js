// This project's verifier, called through its JavaScript API.

import { bind } from "better-auth-edge-wasm";

/** @typedef {import("./material.js").KeyMaterial} KeyMaterial */
/** @typedef {import("./host.js").Candidate} Candidate */

const { createVerifier, imports, start } = bind();

/** Enough verifications for a key to have its largest table. */
const USES_UNTIL_WARM = 1000;
/** Verifications before a key gets its first table. */
const USES_WHILE_COLD = 8;

/** @type {WebAssembly.Memory | undefined} */
let memory;

/** @param {WebAssembly.Module} module */
export function instantiate(module) {
  if (memory) return;
  memory = start(new WebAssembly.Instance(module, imports));
}

/** The size of the wasm memory in bytes. */
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

/** A key without a table: a new verifier after every few verifications. */
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

/** A key with its tables, and no cache of tokens. */
async function warm(/** @type {KeyMaterial} */ material) {
  const verifier = verifierOf(material, { tokenCache: 0 });
  const uses = material.algorithm === "EdDSA" ? USES_UNTIL_WARM : 1;
  for (let use = 0; use < uses; use++) await verifier.verify(material.tokens[0]);
  return { verify: (/** @type {string} */ token) => verifier.verify(token) };
}

/** The verifier with default settings: the tokens are cached. */
function cached(/** @type {KeyMaterial} */ material) {
  const verifier = verifierOf(material);
  return { verify: (/** @type {string} */ token) => verifier.verify(token) };
}

export const ours = { "ours cold": cold, "ours warm": warm, "ours cached": cached };

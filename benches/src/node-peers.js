// Other libraries, for Node only.

import { createVerifier } from "fast-jwt";

/** @typedef {import("./material.js").KeyMaterial} KeyMaterial */

/** @param {boolean} cache */
function fastJwt(cache) {
  return (/** @type {KeyMaterial} */ { algorithm, issuer, pem, secret }) => {
    const verify = createVerifier({
      key: pem ?? secret,
      algorithms: [algorithm],
      allowedIss: issuer,
      allowedAud: issuer,
      requiredClaims: ["exp", "sub"],
      cache,
    });
    return { verify };
  };
}

export const nodePeers = { "fast-jwt": fastJwt(false), "fast-jwt cached": fastJwt(true) };

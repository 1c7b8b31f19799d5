// Serves a runtime's candidates at a few URLs. The client measures the time, because a runtime's
// own clock may not advance while it computes.

/** @typedef {import("./material.js").KeyMaterial} KeyMaterial */

/**
 * @typedef {object} Candidate
 * @property {(item: any) => unknown} verify throws or rejects unless the token is valid
 * @property {(tokens: string[]) => any[]} [prepare] converts tokens to the arguments of `verify`
 * @property {(items: any[]) => void} [release]
 */

/**
 * @typedef {Candidate | undefined} Made
 * @typedef {(material: KeyMaterial) => Promise<Made> | Made} Maker
 * @typedef {Record<string, Maker>} Makers
 */

/**
 * @param {KeyMaterial[]} materials
 * @param {Makers} makers
 * @param {() => void} instantiate instantiates our wasm
 */
export function createHost(materials, makers, instantiate) {
  /** @type {Map<string, Candidate>} */
  const candidates = new Map();

  /** Creates every candidate and checks that it accepts valid tokens and rejects forged ones. */
  async function list() {
    instantiate();
    const names = [];
    for (const material of materials) {
      for (const [name, make] of Object.entries(makers)) {
        const candidate = await make(material);
        if (!candidate) continue;
        await check(candidate, material, name);
        candidates.set(key(material.algorithm, name), candidate);
        names.push({ algorithm: material.algorithm, name });
      }
    }
    return names;
  }

  /**
   * @param {string} algorithm
   * @param {string} name
   * @param {number} prepared number of tokens to prepare
   * @param {number} verified number of them to verify, one after the other
   */
  async function measure(algorithm, name, prepared, verified) {
    const candidate = candidates.get(key(algorithm, name));
    const items = ready(candidate, freshTokens(material(algorithm), prepared));
    for (let index = 0; index < verified; index++) await candidate.verify(items[index]);
    candidate.release?.(items);
  }

  /** Prepares a candidate, as a program does before its first token. */
  async function make(/** @type {string} */ algorithm, /** @type {string} */ name) {
    if (name.startsWith("ours")) instantiate();
    candidates.set(key(algorithm, name), await makers[name](material(algorithm)));
  }

  /** Verifies one token, and prepares the candidate if it is not prepared. */
  async function first(/** @type {string} */ algorithm, /** @type {string} */ name) {
    if (!candidates.has(key(algorithm, name))) await make(algorithm, name);
    await measure(algorithm, name, 1, 1);
  }

  const material = (/** @type {string} */ algorithm) =>
    materials.find((material) => material.algorithm === algorithm);

  return async (/** @type {string} */ url) => {
    const { pathname, searchParams } = new URL(url);
    const text = (/** @type {string} */ name) => searchParams.get(name) ?? "";
    const count = (/** @type {string} */ name) => Number(text(name));
    switch (pathname) {
      case "/candidates":
        return JSON.stringify(await list());
      case "/measure":
        await measure(text("algorithm"), text("candidate"), count("prepared"), count("verified"));
        return "measured";
      case "/instantiate":
        instantiate();
        return "instantiated";
      case "/make":
        await make(text("algorithm"), text("candidate"));
        return "made";
      case "/first":
        await first(text("algorithm"), text("candidate"));
        return "verified";
      default:
        return "nothing done";
    }
  };
}

/**
 * @param {string} algorithm
 * @param {string} name
 */
function key(algorithm, name) {
  return `${algorithm} ${name}`;
}

/**
 * @param {Candidate} candidate
 * @param {string[]} tokens
 */
function ready(candidate, tokens) {
  return candidate.prepare?.(tokens) ?? tokens;
}

/**
 * Creates new strings, whose hashes the runtime has not cached, like the tokens of requests.
 *
 * @param {KeyMaterial} material
 * @param {number} count
 */
function freshTokens({ tokens }, count) {
  const encoder = new TextEncoder();
  const bytes = tokens.map((token) => encoder.encode(token));
  return Array.from({ length: count }, (_, index) =>
    String.fromCharCode(...bytes[index % bytes.length]),
  );
}

/**
 * @param {Candidate} candidate
 * @param {KeyMaterial} material
 * @param {string} name
 */
async function check(candidate, { tokens, algorithm }, name) {
  const [token] = tokens;
  const middle = token.lastIndexOf(".") + 20;
  const changed = token[middle] === "A" ? "B" : "A";
  const forged = token.slice(0, middle) + changed + token.slice(middle + 1);
  const items = ready(candidate, [token, forged]);
  await candidate.verify(items[0]);
  let rejected = false;
  try {
    await candidate.verify(items[1]);
  } catch {
    rejected = true;
  }
  if (!rejected) throw new Error(`${name} accepts a forged ${algorithm} token`);
  candidate.release?.(items);
}

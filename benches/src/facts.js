// Prepares a run: writes its keys and tokens to a file, and prints versions and memory figures as
// JSON.

import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { createKeyMaterial, createMaterial } from "./material.js";
import { instantiate, memorySize, verifierOf } from "./ours.js";

const [directory, root] = process.argv.slice(2);

/** Enough verifications for a key to have its small table and its large one. */
const USES = { small: 64, large: 1000 };
/** The number of keys that can have tables. */
const KEYS = 8;
/** The number of tokens that a verifier caches. */
const TOKENS = 1000;

/** Keeps verifiers alive: the next one would reuse the memory of a collected one. */
const verifiersInUse = [];

writeFileSync(join(directory, "material.json"), JSON.stringify(await createMaterial()));
instantiate(new WebAssembly.Module(readFileSync(join(directory, "index_bg.wasm"))));
const facts = {
  date: new Date().toISOString().slice(0, 10),
  cores: availableParallelism(),
  architecture: process.arch,
  versions: {
    workerd: version("workerd"),
    node: process.versions.node,
    jose: version("jose"),
    hono: version("hono"),
    "fast-jwt": version("fast-jwt"),
  },
  memory: { start: memorySize(), ...(await tableSizes()), cachedToken: await cachedTokenSize() },
};
console.log(JSON.stringify(facts));

/** @param {string} name of a package */
function version(name) {
  return JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8")).version;
}

/** The memory for each additional key with a table of either size, in bytes. */
async function tableSizes() {
  const materials = [];
  for (let key = 0; key < KEYS; key++) materials.push(await createKeyMaterial("EdDSA", 1));
  const verifiers = materials.map((material) => verifierOf(material, { tokenCache: 0 }));
  verifiersInUse.push(...verifiers);
  const use = async (/** @type {number} */ key, /** @type {number} */ times) => {
    for (let i = 0; i < times; i++) await verifiers[key].verify(materials[key].tokens[0]);
  };
  const growth = async (/** @type {number} */ times) => {
    // the first key's use also builds the table of the base point, which all keys share
    await use(0, times);
    const before = memorySize();
    for (let key = 1; key < KEYS; key++) await use(key, times);
    return Math.round((memorySize() - before) / (KEYS - 1));
  };
  return { smallTable: await growth(USES.small), largeTable: await growth(USES.large) };
}

/** The memory for each additional cached token, in bytes. */
async function cachedTokenSize() {
  const material = await createKeyMaterial("HS256", TOKENS);
  const verifier = verifierOf(material);
  verifiersInUse.push(verifier);
  await verifier.verify(material.tokens[0]);
  const before = memorySize();
  for (const token of material.tokens) await verifier.verify(token);
  return Math.round((memorySize() - before) / TOKENS);
}

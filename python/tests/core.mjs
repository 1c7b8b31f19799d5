/**
 * The core as wasm: reads a JWK Set, then tokens, one JSON text per line, and writes `ok` or the
 * error code for each. The arguments are the directory of the wasm, the issuer, and the time in
 * seconds.
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [directory, issuer, now] = process.argv.slice(2);
const { bind } = await import(pathToFileURL(`${directory}/bindings.js`).href);
const { createVerifier, imports, start } = bind();
const module = new WebAssembly.Module(readFileSync(`${directory}/index_bg.wasm`));
start(new WebAssembly.Instance(module, imports));
Date.now = () => Number(now) * 1000;

let verifier;
for await (const line of createInterface({ input: process.stdin })) {
  const said = JSON.parse(line);
  if (verifier) console.log(await verdict(said));
  else verifier = createVerifier({ jwks: said, issuer, audience: issuer });
}

async function verdict(token) {
  try {
    await verifier.verify(token);
    return "ok";
  } catch (error) {
    return error.code;
  }
}

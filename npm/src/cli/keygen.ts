import { generateKeyPairSync } from "node:crypto";
import { fstatSync } from "node:fs";
import type { Arguments, Command } from "./arguments.ts";
import { thumbprint } from "./key-set.ts";
import { errorColors, print, printError, printJson } from "./terminal.ts";

/** `keygen`: makes the key that signs the edge's assertions. */
export const keygen: Command = {
  summary: "makes EDGE_SIGNING_KEY, the key that signs the edge's assertions",
  options: { json: "switch" },
  help: `Makes EDGE_SIGNING_KEY: a private JWK (Ed25519) that signs the edge's assertions.

The command prints the key to standard output and stores it nowhere. On a terminal, instructions
follow on standard error.

Usage: better-auth-edge keygen [--json]

Options
  --json      print a JSON object with kid, privateJwk and publicJwk
  -h, --help  show this help

Examples
  npx better-auth-edge keygen | npx wrangler secret put EDGE_SIGNING_KEY
  npx better-auth-edge keygen | npx wrangler secret put EDGE_SIGNING_KEY_NEXT
  (umask 077; npx better-auth-edge keygen > edge-signing-key.json)             # serve
  echo "EDGE_SIGNING_KEY='$(npx better-auth-edge keygen)'" >> .dev.vars
  echo "EDGE_SIGNING_KEY='$(npx better-auth-edge keygen)'" >> .env.local   # Next.js
`,
  run,
};

/** Makes a key pair (Ed25519) as JWKs (RFC 8037), with its thumbprint as `kid` (RFC 7638). */
export function newSigningKey() {
  // in Node 20, the export of a new key as a JWK can block forever
  const { publicKey, privateKey } = generateKeyPairSync("ed25519", {
    publicKeyEncoding: { format: "der", type: "spki" },
    privateKeyEncoding: { format: "der", type: "pkcs8" },
  });
  // each ends with the 32 bytes of the key (RFC 8410, sections 4 and 7)
  const [x, d] = [publicKey, privateKey].map((der) => der.subarray(-32).toString("base64url"));
  const publicMembers = { kty: "OKP", crv: "Ed25519", x };
  // the Worker computes the same `kid` for a key that has none
  const kid = thumbprint(publicMembers);
  const publicJwk = { ...publicMembers, kid, alg: "EdDSA", use: "sig" };
  return { kid, publicJwk, privateJwk: { ...publicJwk, d } };
}

/** Whether standard output is a file that other users can read. */
function isExposed(): boolean {
  const file = fstatSync(process.stdout.fd);
  return file.isFile() && (file.mode & 0o077) !== 0 && process.platform !== "win32";
}

const EXPOSED = "; other users can read the file: chmod 600";

async function run(args: Arguments): Promise<number> {
  const { kid, publicJwk, privateJwk } = newSigningKey();
  if (args.has("json")) {
    printJson({ kid, privateJwk, publicJwk });
    return 0;
  }
  print(JSON.stringify(privateJwk));
  if (!process.stdout.isTTY) {
    // the caller knows where the key goes
    printError(`a new private key for EDGE_SIGNING_KEY, kid ${kid}${isExposed() ? EXPOSED : ""}`);
    return 0;
  }
  process.stderr.write(
    `${errorColors.bold("This is a private key.")} It lets its holder act as any user at your origin server.
  kid     ${kid}
  deploy  npx better-auth-edge keygen | npx wrangler secret put EDGE_SIGNING_KEY
  local   EDGE_SIGNING_KEY='…' in .dev.vars (Next.js: .env.local), which must not be committed
  check   npx better-auth-edge doctor <worker url>
`,
  );
  return 0;
}

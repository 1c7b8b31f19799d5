import { generateKeyPairSync } from "node:crypto";
import type { Arguments, Command } from "./arguments.ts";
import { thumbprint } from "./key-set.ts";
import { errorColors, print, printJson } from "./terminal.ts";

/** `keygen`: makes the key that signs the edge's assertions. */
export const keygen: Command = {
  summary: "makes EDGE_SIGNING_KEY, the key that signs the edge's assertions",
  options: { json: "switch" },
  help: `Makes EDGE_SIGNING_KEY: a private JWK (Ed25519) that signs the edge's assertions.

The command prints the key to standard output and stores it nowhere. Instructions go to
standard error.

Usage: better-auth-edge keygen [--json]

Options
  --json      print a JSON object with kid, privateJwk and publicJwk
  -h, --help  show this help

Examples
  npx better-auth-edge keygen | npx wrangler secret put EDGE_SIGNING_KEY
  npx better-auth-edge keygen | npx wrangler secret put EDGE_SIGNING_KEY_NEXT
  echo "EDGE_SIGNING_KEY='$(npx better-auth-edge keygen)'" >> .dev.vars
  echo "EDGE_SIGNING_KEY='$(npx better-auth-edge keygen)'" >> .env.local   # Next.js
`,
  run,
};

/** Makes a key pair for the edge's assertions. */
export function newSigningKey() {
  const { x, d } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  const publicMembers = { kty: "OKP", crv: "Ed25519", x };
  // the Worker computes the same `kid` for a key that has none
  const kid = thumbprint(publicMembers);
  const publicJwk = { ...publicMembers, kid, alg: "EdDSA", use: "sig" };
  return { kid, publicJwk, privateJwk: { ...publicJwk, d } };
}

async function run(args: Arguments): Promise<number> {
  const { kid, publicJwk, privateJwk } = newSigningKey();
  if (args.has("json")) {
    printJson({ kid, privateJwk, publicJwk });
    return 0;
  }
  print(JSON.stringify(privateJwk));
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

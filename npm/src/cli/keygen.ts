/** `keygen`: a key that signs what the edge says of a user. */
import { generateKeyPairSync } from "node:crypto";
import type { Command, Given } from "./arguments.ts";
import { thumbprint } from "./key-set.ts";
import { errors, print, printJson } from "./terminal.ts";

export const keygen: Command = {
  summary: "makes EDGE_SIGNING_KEY, by which the edge signs what it says of a user",
  options: { json: "switch" },
  help: `Makes EDGE_SIGNING_KEY: a private JWK (Ed25519) by which the edge signs what it says of a user.

The key goes to standard output and nowhere else; what to do with it, to standard error.

Usage: better-auth-edge keygen [--json]

Options
  --json      an object with kid, privateJwk and publicJwk
  -h, --help  this

Examples
  npx better-auth-edge keygen | npx wrangler secret put EDGE_SIGNING_KEY
  npx better-auth-edge keygen | npx wrangler secret put EDGE_SIGNING_KEY_NEXT
  echo "EDGE_SIGNING_KEY='$(npx better-auth-edge keygen)'" >> .dev.vars
  echo "EDGE_SIGNING_KEY='$(npx better-auth-edge keygen)'" >> .env.local   # Next.js
`,
  run,
};

async function run(given: Given): Promise<number> {
  const { x, d } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  const publicMembers = { kty: "OKP", crv: "Ed25519", x };
  // what the Worker calls a key that has no name, so that nothing changes where it is left out
  const kid = thumbprint(publicMembers);
  const publicJwk = { ...publicMembers, kid, alg: "EdDSA", use: "sig" };
  const privateJwk = { ...publicJwk, d };
  if (given.has("json")) {
    printJson({ kid, privateJwk, publicJwk });
    return 0;
  }
  print(JSON.stringify(privateJwk));
  process.stderr.write(
    `${errors.bold("This is a private key.")} Whoever has it can be anybody at your origin.
  kid     ${kid}
  deploy  npx better-auth-edge keygen | npx wrangler secret put EDGE_SIGNING_KEY
  local   EDGE_SIGNING_KEY='…' in .dev.vars (Next.js: .env.local), which is not to be committed
  check   npx better-auth-edge doctor <worker url>
`,
  );
  return 0;
}

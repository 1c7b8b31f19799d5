/** Is refused who should be: nobody's request, forged headers, forged tokens? */
import { generateKeyPairSync, sign } from "node:crypto";
import { printable } from "../terminal.ts";
import { type Answer, type Deployment, problemCode } from "./deployment.ts";
import { type Finding, findings } from "./finding.ts";

export async function checkRefusal(deployment: Deployment): Promise<Finding[]> {
  const { ok, warning, failure, skipped } = findings("refusal");
  const { path } = deployment;
  const plain = await deployment.ask();
  const code = problemCode(plain);
  if (code === "rate_limited") {
    return [skipped("this address is limited at the moment (429)", "Try again in a minute.")];
  }
  if (plain.status !== 401 || code !== "missing_token") {
    const cure =
      "If that is meant, name a path that needs a token with --path. If not: a rule in ROUTES is wider than it should be.";
    return [warning(`${path} is answered without a token (${said(plain)})`, cure)];
  }
  const found = [ok(`${path} needs a token: 401 missing_token`)];

  for (const [what, headers] of forgeries()) {
    const answer = await deployment.ask(path, { headers });
    const isRefused = REFUSALS.includes(answer.status) && problemCode(answer) !== undefined;
    if (isRefused) {
      found.push(ok(`${what} is refused: ${said(answer)}`));
    } else if (problemCode(answer) === "keys_unavailable") {
      found.push(warning(`${what} cannot be judged: ${said(answer)}`, "See keys, above."));
    } else {
      const cure = "Something in front answers for the edge, or this is no better-auth-edge.";
      found.push(failure(`${what} is let through: ${said(answer)}`, cure));
    }
  }
  return found;
}

/** 429 stands for one of the others where an address is refused too often. */
const REFUSALS = [400, 401, 403, 429];

function said(answer: Answer): string {
  const code = problemCode(answer);
  return `${answer.status}${code ? ` ${printable(code)}` : ""}`;
}

/** What an attacker would try first. */
function forgeries(): [string, Record<string, string>][] {
  const now = Math.floor(Date.now() / 1000);
  const claims = { sub: "doctor", uuid: "doctor", iss: "doctor", aud: "doctor", exp: now + 60 };
  const unsigned = `${encode({ alg: "none" })}.${encode(claims)}.`;
  const input = `${encode({ alg: "EdDSA", kid: "doctor" })}.${encode(claims)}`;
  const signature = sign(null, Buffer.from(input), generateKeyPairSync("ed25519").privateKey);
  const signed = `${input}.${signature.toString("base64url")}`;
  return [
    ["a forged identity header", { "x-edge-user": "doctor", "x-edge-jwt-assertion": signed }],
    // CVE-2025-29927
    [
      "an attempt to skip the middleware",
      { "x-middleware-subrequest": "middleware:middleware:middleware" },
    ],
    ["a token without a signature", { authorization: `Bearer ${unsigned}` }],
    ["a token signed by an unknown key", { authorization: `Bearer ${signed}` }],
  ];
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

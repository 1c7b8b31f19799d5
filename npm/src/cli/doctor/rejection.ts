import { generateKeyPairSync, sign } from "node:crypto";
import type { HttpResponse } from "../http.ts";
import { printable } from "../terminal.ts";
import { type Deployment, problemCode } from "./deployment.ts";
import { type Finding, findings } from "./finding.ts";

/** Checks that the edge rejects requests without a token, forged headers and forged tokens. */
export async function checkRejection(deployment: Deployment): Promise<Finding[]> {
  const { ok, warning, failure, skipped } = findings("refusal");
  const { path } = deployment;
  const plain = await deployment.request();
  const code = problemCode(plain);
  if (code === "rate_limited") {
    return [skipped("the edge limits requests from this address (429)", "Try again in a minute.")];
  }
  if (plain.status !== 401 || code !== "missing_token") {
    const cure =
      "If this is intended, name a path that requires a token with --path. If not, a rule in ROUTES matches too much.";
    return [warning(`${path} requires no token: ${describe(plain)}`, cure)];
  }
  const found = [ok(`${path} requires a token: 401 missing_token`)];

  for (const [forgery, headers] of forgeries()) {
    const response = await deployment.request(path, { headers });
    const responseCode = problemCode(response);
    if (REJECTIONS.includes(response.status) && responseCode !== undefined) {
      found.push(ok(`the edge rejects ${forgery}: ${describe(response)}`));
    } else if (responseCode === "keys_unavailable") {
      const text = `the edge cannot verify ${forgery}: ${describe(response)}`;
      found.push(warning(text, "See the keys, above."));
    } else {
      const cure = "A proxy in front responds for the edge, or this is not better-auth-edge.";
      found.push(failure(`the edge accepts ${forgery}: ${describe(response)}`, cure));
    }
  }
  return found;
}

/** 429 replaces one of the others after too many rejections of one client address. */
const REJECTIONS = [400, 401, 403, 429];

function describe(response: HttpResponse): string {
  const code = problemCode(response);
  return `${response.status}${code ? ` ${printable(code)}` : ""}`;
}

/** The headers of an attacker's first attempts. */
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

/** Does the edge sign what it says of a user, by keys that origins can use? */
import { readKeySet } from "../key-set.ts";
import type { Deployment } from "./deployment.ts";
import { type Finding, findings } from "./finding.ts";

export async function checkAssertion(deployment: Deployment): Promise<Finding[]> {
  const { ok, warning, failure } = findings("assertion");
  const answer = await deployment.jwks();
  if (answer.status !== 200) {
    const cure = "Something in front answers for /.well-known/: let it through.";
    return [failure(`the assertion's keys cannot be had: ${answer.status}`, cure)];
  }
  let set: Awaited<ReturnType<typeof readKeySet>>;
  try {
    set = await readKeySet(answer.text);
  } catch {
    const cure = "Something in front answers for /.well-known/: let it through.";
    return [failure("where the assertion's keys should be is no JWK Set", cure)];
  }
  if (set.entries.length === 0) {
    const cure =
      "npx better-auth-edge keygen | npx wrangler secret put EDGE_SIGNING_KEY, unless the origin verifies tokens itself.";
    return [warning("no assertion is signed: the origin cannot tell the edge from others", cure)];
  }
  const bad = set.entries.flatMap(({ notes }) => notes).filter(({ level }) => level !== "info");
  if (bad.length > 0) {
    return bad.map(({ level, text }) => {
      const cure = "npx better-auth-edge keygen makes another key.";
      return (level === "failure" ? failure : warning)(`an assertion's key: ${text}`, cure);
    });
  }
  const next = set.entries.length > 1 ? ", and the next is published already" : "";
  return [ok(`assertions are signed by ${set.entries[0]?.kid}${next}`)];
}

import { readKeySet } from "../key-set.ts";
import { adviceFor } from "./advice.ts";
import type { Deployment } from "./deployment.ts";
import { type Finding, findings } from "./finding.ts";

/** Checks that the edge signs assertions, with keys that an origin server can use. */
export async function checkAssertion(deployment: Deployment): Promise<Finding[]> {
  const { ok, warning, failure } = findings("assertion");
  const response = await deployment.jwks();
  if (response.status !== 200) {
    const text = `the assertion's keys are not available: the edge responded with ${response.status}`;
    return [failure(text, PROXY)];
  }
  let set: Awaited<ReturnType<typeof readKeySet>>;
  try {
    set = await readKeySet(response.text);
  } catch {
    return [failure("the response with the assertion's keys is not a JWK Set", PROXY)];
  }
  if (set.entries.length === 0) {
    const { signingKey } = adviceFor(deployment.origin);
    const cure = `${signingKey}, unless the origin server verifies tokens itself.`;
    return [
      warning("the edge signs no assertion: the origin server cannot authenticate the edge", cure),
    ];
  }
  const bad = set.entries.flatMap(({ notes }) => notes).filter(({ level }) => level !== "info");
  if (bad.length > 0) {
    return bad.map(({ level, text }) => {
      const cure = "npx better-auth-edge keygen makes another key.";
      return (level === "failure" ? failure : warning)(`an assertion's key: ${text}`, cure);
    });
  }
  const next = set.entries.length > 1 ? ", and the next key is published already" : "";
  return [ok(`key ${set.entries[0]?.kid} signs the assertions${next}`)];
}

const PROXY =
  "A proxy in front of the edge handles /.well-known/: forward these requests to the edge.";

/** The values in an existing configuration of the Worker that depend on the answers. */
import { isLocal } from "../../doctor/advice.ts";
import { tomlString } from "../../quote.ts";
import type { Answers } from "../answers.ts";
import type { Project } from "../detect/index.ts";
import { type Fact, isSame } from "./change.ts";
import { userClaimFacts } from "./user-claim.ts";

/** The first line of an environment, which has variables of its own. */
export const ENVIRONMENTS = /^\s*(\[+\s*env\s*\.|"env"\s*:)/m;

/** The values in `wrangler.toml`, or `wrangler.json`, outside of its environments. */
export function configurationFacts(
  { next }: Project,
  { auth, api, userClaim, edgeUrl }: Answers,
  isToml: boolean,
): (existing: string) => Fact[] {
  const write = (name: string, value: string) =>
    isToml ? `${name} = ${tomlString(value)}` : `${JSON.stringify(name)}: ${JSON.stringify(value)}`;
  const url = (name: string, wanted: string): Fact => ({
    pattern: member(name),
    accepts: (found = "") => isSame(found, wanted) || isForDeployment(found, wanted),
    text: write(name, wanted),
  });
  return (existing) => {
    const facts = [url("BETTER_AUTH_URL", auth)];
    if (api !== undefined) facts.push(url("ORIGIN_URL", api));
    if (edgeUrl !== undefined && !isLocal(edgeUrl)) facts.push(url("EDGE_ISSUER", edgeUrl));
    const match = write("user_id", userClaim);
    facts.push(
      ...userClaimFacts(
        existing,
        userClaim,
        { pattern: member("USER_CLAIM"), text: write("USER_CLAIM", userClaim) },
        { pattern: member("user_id"), text: isToml ? `match = { ${match} }` : match },
      ),
    );
    const site = new URL(auth).origin;
    facts.push({
      pattern: member("CORS_ORIGINS"),
      accepts: (found) =>
        !next || found === undefined || namesOrigin(found, site) || isForDeployment(found, site),
      text: write("CORS_ORIGINS", site),
    });
    return facts;
  };
}

/** Whether the value is for a deployment, and the other one, for this machine, is in .dev.vars. */
function isForDeployment(found: string, wanted: string): boolean {
  const [first = ""] = found.split(",");
  return isLocal(wanted) && URL.canParse(first) && !isLocal(first);
}

function namesOrigin(list: string, origin: string): boolean {
  return list.split(",").some((entry) => isSame(entry.trim(), origin));
}

/** Finds a name and its text in TOML and in JSON, unless it is in a comment. */
function member(name: string): RegExp {
  return new RegExp(
    `^(?![ \\t]*//)[^#\\n]*?(?<![\\w/-])"?${name}"?[ \\t]*[=:][ \\t]*["']([^"'\\n]*)["']`,
    "gm",
  );
}

/** The user claim in existing files. */
import type { Fact } from "./change.ts";

/** Where a file names a claim: what finds it, and the line with the right one. */
export type Place = Pick<Fact, "pattern" | "text">;

/**
 * The values in an existing file that depend on the user claim.
 *
 * @param setting the setting of the user claim, which is `sub` without it
 * @param rule the conditions of rules, which compare the user in the path with a claim
 */
export function userClaimFacts(
  existing: string,
  userClaim: string,
  setting: Place,
  rule: Place,
): Fact[] {
  const [found] = existing.matchAll(setting.pattern);
  const claim = found?.[1] ?? "sub";
  return [
    { ...setting, accepts: (value = "sub") => value === userClaim },
    // a rule may compare another claim
    { ...rule, accepts: (value) => value === userClaim || value !== claim },
  ];
}

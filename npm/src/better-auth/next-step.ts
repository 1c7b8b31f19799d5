/** What the operator must change, by the code of an edge that refuses events. */
const BY_CODE: Record<string, string> = {
  audience_mismatch: "edgeURL must be the edge's EDGE_ISSUER (edgeIssuer in Next.js)",
  issuer_mismatch: "the edge's ISSUER must name the issuer of Better Auth's tokens",
  unknown_key: "the edge's BETTER_AUTH_URL or JWKS_URL must name the keys of this Better Auth",
  expired: "compare the clocks of both servers",
  not_yet_valid: "compare the clocks of both servers",
};

const NOT_FOUND =
  "edgeURL does not name an edge, or the edge has no store of ended sessions: bind REVOCATIONS " +
  "(docs/sign-out.md)";

/** What the operator must change after an edge's response. `undefined` if nothing is known. */
export function nextStep(status: number, code: string): string | undefined {
  if (Object.hasOwn(BY_CODE, code)) return BY_CODE[code];
  return status === 404 ? NOT_FOUND : undefined;
}

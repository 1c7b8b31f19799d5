/** The edge's checks in their order, and which of them a code belongs to. */

/** A check, and the codes with which it rejects a request. */
interface Check {
  name: string;
  codes: string[];
}

export const CHECKS: Check[] = [
  { name: "Credential", codes: ["missing_token", "opaque_token"] },
  { name: "Form", codes: ["malformed_token", "token_too_large"] },
  { name: "Key", codes: ["unsupported_algorithm", "unknown_key", "keys_unavailable"] },
  { name: "Signature", codes: ["bad_signature"] },
  {
    name: "Claims",
    codes: [
      ...["expired", "not_yet_valid", "issuer_mismatch", "audience_mismatch"],
      ...["missing_claim", "invalid_claim"],
    ],
  },
  { name: "Session", codes: ["session_revoked", "session_too_old", "revocations_unavailable"] },
  {
    name: "Path",
    codes: ["user_mismatch", "insufficient_claims", "insufficient_scope"],
  },
];

/** The result of each check. `undefined`: the code does not say which check it is from. */
export type CheckResult = "passed" | "failed" | "skipped";

/** The results that follow from a code: the checks before it passed, and none ran after it. */
export function resultsOf(code: string | undefined): CheckResult[] | undefined {
  if (code === undefined) return CHECKS.map(() => "passed");
  const failed = CHECKS.findIndex(({ codes }) => codes.includes(code));
  if (failed < 0) return undefined;
  return CHECKS.map((_, index) =>
    index < failed ? "passed" : index === failed ? "failed" : "skipped",
  );
}

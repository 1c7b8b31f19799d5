import { explain } from "../explanations.ts";
import { formatDuration } from "../times.ts";
import { type Finding, findings } from "./finding.ts";

/** Whether the edge knows which sessions have ended, by its health. */
export function hasRevocations(
  health: Record<string, unknown>,
): health is { status: unknown; revocations: Record<string, unknown> } {
  return typeof health.revocations === "object" && health.revocations !== null;
}

/** Reports how well the edge knows which sessions have ended, by its health. */
export function revocationFinding(health: Record<string, unknown>): Finding {
  const { ok, failure, skipped } = findings("revocation");
  if (!hasRevocations(health)) {
    return skipped("the edge has no store of ended sessions: a token is valid until it expires");
  }
  const { age, entries } = health.revocations;
  const known = typeof entries === "number" ? entries : 0;
  const read = typeof age === "number" ? `read ${formatDuration(age)} ago` : "never read";
  const events = `${known} ${known === 1 ? "event" : "events"} in the store`;
  const text = `${events} (sign-outs, blocked users, new signing keys), ${read}`;
  if (health.status !== "revocations_unavailable") return ok(text);
  const { cure } = explain("revocations_unavailable") ?? {};
  return failure(`the edge cannot read which sessions have ended, and rejects all: ${text}`, cure);
}

/** What a check found. */
import type { Level } from "../marks.ts";

export interface Finding {
  /** Which check. */
  check: Check;
  level: Exclude<Level, "info"> | "skipped";
  /** What was found, in one sentence. */
  text: string;
  /** What to do about it. */
  cure?: string | undefined;
}

/** The checks, in the order in which they are shown. */
export const CHECKS = ["settings", "keys", "clock", "refusal", "cors", "assertion"] as const;
export type Check = (typeof CHECKS)[number];

/** Makes the findings of one check. */
export function findings(check: Check) {
  const make = (level: Finding["level"]) => (text: string, cure?: string) => ({
    check,
    level,
    text,
    cure,
  });
  return {
    ok: make("ok"),
    warning: make("warning"),
    failure: make("failure"),
    skipped: make("skipped"),
  };
}

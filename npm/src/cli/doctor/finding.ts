import type { Level } from "../marks.ts";

/** The result of one check. */
export interface Finding {
  check: Check;
  level: Exclude<Level, "info"> | "skipped";
  /** The finding, in one sentence. */
  text: string;
  /** What the operator can do about it. */
  cure?: string | undefined;
}

/** The checks in the order of the report. These names are part of the `--json` output. */
export const CHECKS = [
  "settings",
  "keys",
  "clock",
  "refusal",
  "revocation",
  "cors",
  "assertion",
] as const;

/** The name of a check. */
export type Check = (typeof CHECKS)[number];

/** Constructors for the findings of one check. */
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

/** Do the clocks agree? */
import { duration } from "../times.ts";
import type { Answer } from "./deployment.ts";
import { type Finding, findings } from "./finding.ts";

/** Holds `Date` headers against this machine; of all answers the fastest says it best. */
export function checkClock(answers: Answer[], who: string): Finding {
  const { ok, warning, failure, skipped } = findings("clock");
  const dated = answers.filter(
    ({ headers }) => !Number.isNaN(Date.parse(headers.get("date") ?? "")),
  );
  dated.sort((a, b) => a.received - a.sent - (b.received - b.sent));
  const [fastest] = dated;
  if (!fastest) return skipped(`${who} sends no Date`);
  const { sent, received, headers } = fastest;
  // a Date has whole seconds, cut off
  const said = Date.parse(headers.get("date") ?? "") + 500;
  const ahead = (said - (sent + received) / 2) / 1000;
  const uncertain = (received - sent) / 2000 + 0.5;
  const apart = Math.abs(ahead) - uncertain;
  const text = `${who} is ${duration(Math.abs(ahead))} ${ahead > 0 ? "ahead of" : "behind"} this machine`;
  const cure =
    "Set the clock right that is wrong: this machine's too may be. Tokens allow 5 s (CLOCK_TOLERANCE).";
  if (apart > 60) return failure(text, cure);
  if (apart > 5) return warning(text, cure);
  return ok(`${who} and this machine agree`);
}

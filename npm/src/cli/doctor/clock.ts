import type { HttpResponse } from "../http.ts";
import { formatDuration } from "../times.ts";
import { type Finding, findings } from "./finding.ts";

const BY_HAND =
  "workerd and wrangler dev send none, and their clock is this machine's. Elsewhere, compare date -u of both machines: tokens allow 5 s (CLOCK_TOLERANCE).";

/**
 * Compares a server's clock with this machine's by the `Date` headers of its responses. The fastest
 * response is the most precise.
 *
 * @param server the server's name in the finding
 */
export function checkClock(responses: HttpResponse[], server: string): Finding {
  const { ok, warning, failure, skipped } = findings("clock");
  const dated = responses.filter(
    ({ headers }) => !Number.isNaN(Date.parse(headers.get("date") ?? "")),
  );
  dated.sort((a, b) => a.received - a.sent - (b.received - b.sent));
  const [fastest] = dated;
  if (!fastest) return skipped(`${server} sends no Date header to compare the clocks by`, BY_HAND);
  const { sent, received, headers } = fastest;
  // `Date` has whole seconds, rounded down
  const serverTime = Date.parse(headers.get("date") ?? "") + 500;
  const ahead = (serverTime - (sent + received) / 2) / 1000;
  const uncertainty = (received - sent) / 2000 + 0.5;
  const difference = Math.abs(ahead) - uncertainty;
  const text = `${server} is ${formatDuration(Math.abs(ahead))} ${ahead > 0 ? "ahead of" : "behind"} this machine`;
  const cure =
    "Correct the clock that is wrong, which may be this machine's. Tokens allow 5 s (CLOCK_TOLERANCE).";
  if (difference > 60) return failure(text, cure);
  if (difference > 5) return warning(text, cure);
  return ok(`the clocks of ${server} and this machine agree`);
}

/** What became of a request, in one word and in one sentence. */
import { FORGED, type Outcome } from "./scenarios";

/** `unknown`: the edge stopped the request or FastAPI did; FastAPI's record could not be read. */
export type Verdict = "passed" | "stopped" | "refused" | "unknown";

/** Who decided about the request, by the response and by FastAPI's own record. */
export function verdictOf({ response: { problem, arrived } }: Outcome): Verdict {
  if (arrived === undefined) return "unknown";
  if (!arrived) return "stopped";
  return problem ? "refused" : "passed";
}

/** The verdict as a sentence, for the page and for screen readers. */
export function sentenceOf(outcome: Outcome): string {
  const { status, problem, seen } = outcome.response;
  const reason = problem ? `${status} ${problem.code}` : String(status);
  switch (verdictOf(outcome)) {
    case "passed":
      return `${reason}. The edge forwarded the request, and FastAPI saw ${nameOf(seen)}.`;
    case "stopped":
      return `${reason}. The edge stopped the request, and FastAPI saw nothing.`;
    case "refused":
      return `${reason}. The edge forwarded the request, and FastAPI rejected it.`;
    case "unknown":
      return `${reason}. FastAPI’s record of requests could not be read.`;
  }
}

/** The name of the user that FastAPI saw. */
export function nameOf(seen: Outcome["response"]["seen"]): string {
  return seen?.user.name ?? seen?.user.id ?? "no user";
}

/** The values of headers marked as forged that FastAPI has received all the same. */
export function arrivedForgeries({ sent, response: { seen } }: Outcome): string[] {
  const values = Object.values(seen?.headers ?? {}).flat();
  const forged = sent.headers.filter(({ note }) => note === FORGED);
  return forged.filter(({ value }) => values.includes(value)).map(({ name }) => name);
}

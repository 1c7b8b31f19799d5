"use client";

import { useRef, useState } from "react";
import { useHydrated } from "../../lib/use-hydrated";
import { type Outcome, SCENARIOS, type Scenario } from "./scenarios";
import { sentenceOf, verdictOf } from "./verdict";
import { Way } from "./way";

/** A request that was sent: its outcome, or why it has none. */
interface Run {
  scenario: Scenario;
  outcome?: Outcome;
  error?: string;
}

/** The buttons, and the way of the last request. */
export function Workbench({ userId }: { userId: string }) {
  const [run, setRun] = useState<Run>();
  const [count, setCount] = useState(0);
  const [sending, setSending] = useState<Scenario>();
  const [outcomes, setOutcomes] = useState<Record<string, Outcome>>({});
  const result = useRef<HTMLElement>(null);
  const hydrated = useHydrated();

  async function send(scenario: Scenario) {
    if (sending) return;
    setSending(scenario);
    let next: Run;
    try {
      const outcome = await scenario.run(userId);
      next = { scenario, outcome };
      setOutcomes((all) => ({ ...all, [scenario.id]: outcome }));
    } catch (error) {
      next = { scenario, error: error instanceof Error ? error.message : "The request failed." };
    }
    setRun(next);
    setCount((number) => number + 1);
    setSending(undefined);
    requestAnimationFrame(() => showResult(result.current));
  }

  return (
    <div className="workbench">
      <ul className="scenarios" aria-label="Requests">
        {SCENARIOS.map((scenario) => (
          <li key={scenario.id}>
            <SendButton
              scenario={scenario}
              outcome={outcomes[scenario.id]}
              isShown={run?.scenario === scenario}
              isSending={sending === scenario}
              isDisabled={!hydrated || (sending !== undefined && sending !== scenario)}
              onSend={() => send(scenario)}
            />
          </li>
        ))}
      </ul>
      <section className="result" aria-label="Result" ref={result}>
        <h2>{run?.scenario.title ?? "The way of a request"}</h2>
        <p className="sentence" role="status">
          {sending ? "Sending…" : (run?.error ?? summaryOf(run))}
        </p>
        <Way key={count} run={count} outcome={run?.outcome} why={run?.scenario.why} />
      </section>
    </div>
  );
}

function summaryOf(run: Run | undefined): string {
  return run?.outcome
    ? sentenceOf(run.outcome)
    : "Press a button. The browser sends that request, with no cookies.";
}

interface SendButtonProps {
  scenario: Scenario;
  outcome: Outcome | undefined;
  isShown: boolean;
  isSending: boolean;
  isDisabled: boolean;
  onSend: () => void;
}

function SendButton({ scenario, outcome, isShown, onSend, ...state }: SendButtonProps) {
  const { id, title, text } = scenario;
  return (
    <button
      type="button"
      className="scenario"
      aria-labelledby={`${id}-title`}
      aria-describedby={`${id}-text ${id}-status`}
      aria-current={isShown ? "true" : undefined}
      aria-busy={state.isSending}
      // not `disabled`: the focus stays where it is
      aria-disabled={state.isDisabled}
      onClick={state.isDisabled ? undefined : onSend}
    >
      <span className="title" id={`${id}-title`}>
        {title}
      </span>
      <span className="text" id={`${id}-text`}>
        {text}
      </span>
      <span className="status" id={`${id}-status`} data-verdict={outcome && verdictOf(outcome)}>
        {outcome?.response.status}
      </span>
    </button>
  );
}

/** Scrolls to the result, where it is not beside the buttons. */
function showResult(result: HTMLElement | null): void {
  if (!result || result.getBoundingClientRect().top < innerHeight / 2) return;
  const reduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
  result.scrollIntoView({ behavior: reduced ? "auto" : "smooth" });
}

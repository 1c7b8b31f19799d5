import type { ReactNode } from "react";
import { CHECKS, type CheckResult, resultsOf } from "./checks";
import { pathOf } from "./exchange";
import { BrowserIcon, EdgeIcon, ServerIcon } from "./icons";
import { FORGED, type Outcome } from "./scenarios";
import { segment, shortened } from "./token";
import { arrivedForgeries, nameOf, verdictOf } from "./verdict";

interface WayProps {
  outcome?: Outcome | undefined;
  /** What the edge does with the request if it forwards it. */
  why?: string | undefined;
  /** The number of requests so far. */
  run: number;
}

/** The picture of a request's way, or of the way that a request would take. */
export function Way({ outcome, why, run }: WayProps) {
  const verdict = outcome && verdictOf(outcome);
  return (
    <ol className="way" data-verdict={verdict ?? "waiting"} data-run={run}>
      <li>
        <Station icon={<BrowserIcon />} leg="first" />
        <div className="body">
          <h3>Browser</h3>
          {outcome ? <Request outcome={outcome} /> : <p className="soft">sends a request.</p>}
        </div>
      </li>
      <li>
        <Station icon={<EdgeIcon />} leg="second" />
        <div className="body">
          <h3>Edge</h3>
          <Decision outcome={outcome} why={why} />
        </div>
      </li>
      <li>
        <Station icon={<ServerIcon />} />
        <div className="body">
          <h3>FastAPI</h3>
          {outcome ? (
            <Received outcome={outcome} />
          ) : (
            <p className="soft">sees only what the edge forwards.</p>
          )}
        </div>
      </li>
    </ol>
  );
}

/** A station, with the leg of the way that begins there. */
function Station({ icon, leg }: { icon: ReactNode; leg?: "first" | "second" }) {
  return (
    <div className="station" aria-hidden="true">
      <span className="node">{icon}</span>
      {leg && <span className={`leg ${leg}`} />}
    </div>
  );
}

function Request({ outcome: { before, sent, response } }: { outcome: Outcome }) {
  return (
    <>
      {before.length > 0 && (
        <ul className="before">
          {before.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
      <p className="line">
        <b>GET</b> {pathOf(sent.owner)}
      </p>
      <dl className="headers">
        {sent.headers.map(({ name, value, shown, note }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              {shown ?? value} {note && <em data-forged={note === FORGED}>{note}</em>}
            </dd>
          </div>
        ))}
        {sent.headers.length === 0 && (
          <div>
            <dt>Authorization</dt>
            <dd>
              <em>none</em>
            </dd>
          </div>
        )}
        <div>
          <dt>X-Request-Id</dt>
          <dd>{response.requestId}</dd>
        </div>
      </dl>
    </>
  );
}

type DecisionProps = Pick<WayProps, "outcome" | "why">;

const RESULTS: Record<CheckResult, [mark: string, text: string]> = {
  passed: ["✓", "passed"],
  failed: ["✕", "failed"],
  skipped: ["", "did not run"],
};

function Decision({ outcome, why = "The edge signed your identity for FastAPI." }: DecisionProps) {
  const problem = outcome?.response.problem;
  const results = outcome && resultsOf(problem?.code);
  return (
    <>
      {outcome && (
        <>
          <p className="decision">
            <b>{outcome.response.status}</b> {problem ? <code>{problem.code}</code> : "forwarded"}
          </p>
          <p className="reason">{problem?.detail ?? `Every check passed. ${why}`}</p>
        </>
      )}
      {(!outcome || results) && (
        <ol className="checks" aria-label="Checks">
          {CHECKS.map(({ name }, index) => {
            const result = results?.[index];
            const [mark, text] = result ? RESULTS[result] : ["", ""];
            return (
              <li key={name} data-result={result}>
                <span className="mark" aria-hidden="true">
                  {mark}
                </span>
                {name} {text && <span className="visually-hidden">{text}</span>}
              </li>
            );
          })}
        </ol>
      )}
    </>
  );
}

function Received({ outcome }: { outcome: Outcome }) {
  const { seen, problem } = outcome.response;
  switch (verdictOf(outcome)) {
    case "stopped":
      return (
        <>
          <p className="decision">Nothing</p>
          <p className="reason">FastAPI’s own record has no request with this id.</p>
        </>
      );
    case "unknown":
      return <p className="reason">FastAPI’s record of requests could not be read.</p>;
    case "refused":
      return <p className="reason">The request arrived. FastAPI: {problem?.detail}</p>;
    case "passed":
      return seen ? <Identity outcome={outcome} /> : null;
  }
}

/** The identity and the headers that FastAPI reports. */
function Identity({ outcome }: { outcome: Outcome }) {
  const { seen } = outcome.response;
  const forged = outcome.sent.headers.some(({ note }) => note === FORGED);
  const arrived = arrivedForgeries(outcome);
  return (
    <>
      <p className="decision">{nameOf(seen)}</p>
      <p className="reason">{seen?.user.email}</p>
      {forged && (
        <p className="reason">
          {arrived.length > 0
            ? `These forged headers arrived: ${arrived.join(", ")}.`
            : "None of the forged values arrived."}
        </p>
      )}
      <dl className="headers">
        {Object.entries(seen?.headers ?? {}).map(([name, values]) => (
          <div key={name}>
            <dt>{name}</dt>
            {values.map((value) => (
              <dd key={value}>
                {isToken(value) ? shortened(value) : value}
                {isToken(value) && <em>{lifetime(value)}</em>}
              </dd>
            ))}
          </div>
        ))}
      </dl>
    </>
  );
}

function isToken(value: string): boolean {
  return value.startsWith("eyJ");
}

/** How long an assertion is valid. FastAPI has verified it. */
function lifetime(assertion: string): string {
  const { iat, exp } = segment(assertion, 1);
  return `signed by the edge, valid for ${Number(exp) - Number(iat)} s`;
}

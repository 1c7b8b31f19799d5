/** What an operator can do, on this machine and for a deployment. */
export interface Advice {
  /** How to read the errors of wrong settings. */
  misconfigured: string;
  /** How to find out why the edge responds with a server error. */
  crashed: string;
  /** How to give the edge a key for its assertions. */
  signingKey: string;
  /** What to check if no server responds. */
  unreachable: string;
}

const KEYGEN = "npx better-auth-edge keygen";

const LOCAL: Advice = {
  misconfigured:
    "Fix every error of the line with the event misconfigured in the terminal that runs the edge. If the line is not there, or the error stays, restart the edge and send one request.",
  crashed: "The edge may have crashed at its start: see the terminal that runs it.",
  signingKey: `EDGE_SIGNING_KEY='…' in .dev.vars (Next.js: .env.local), with the output of ${KEYGEN}`,
  unreachable:
    "Is the port right, and does the edge run (npx better-auth-edge dev or serve, or npx wrangler dev)?",
};

const DEPLOYED: Advice = {
  misconfigured:
    "Start npx wrangler tail and send one request: the `cause` in its line lists all setting errors. Fix all of them and deploy. Set secrets with npx wrangler secret put, for each environment.",
  crashed: "The Worker may have crashed at its start: see npx wrangler tail.",
  signingKey: `${KEYGEN} | npx wrangler secret put EDGE_SIGNING_KEY`,
  unreachable: "Is the URL right, and is the Worker deployed? npx wrangler deployments list.",
};

/** The advice for an edge at this origin. */
export function adviceFor(origin: string): Advice {
  return isLocal(origin) ? LOCAL : DEPLOYED;
}

/** Whether the origin's host is this machine. */
export function isLocal(origin: string): boolean {
  return /^((.+\.)?localhost|127\.[\d.]+|\[::1\])$/.test(new URL(origin).hostname);
}

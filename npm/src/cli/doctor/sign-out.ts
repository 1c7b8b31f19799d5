import { explain } from "../explanations.ts";
import { type HttpResponse, NoResponse } from "../http.ts";
import { betterAuthJwksUrl } from "../jwks.ts";
import { keyUrlWarning } from "../key-set.ts";
import { withProgress } from "../terminal.ts";
import { decodeToken } from "../token.ts";
import { AuthServer, type Session } from "./auth-server.ts";
import { type Deployment, problemCode } from "./deployment.ts";
import { type Finding, findings } from "./finding.ts";

/** A sign-out that the operator wants to see take effect. */
export interface SignOut {
  baseURL: URL;
  /** A session of a test user, which ends. */
  session: Session;
  /** The seconds after which the edge must refuse the session's token. */
  wait: number;
}

/**
 * Ends a session at Better Auth, and measures how long the edge accepts a token of it. The session
 * does not end if the token could not be refused in any case.
 *
 * @param hasStore whether the edge has a store of ended sessions
 */
export async function checkSignOut(
  deployment: Deployment,
  signOut: SignOut,
  hasStore: boolean,
): Promise<Finding[]> {
  const found: Finding[] = [];
  try {
    await prove(deployment, signOut, hasStore, found);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    found.push(findings("revocation").failure(error.message, error.cure));
  }
  return found;
}

/** Says how the operator can prove a sign-out. */
export function notProved(): Finding {
  const cure =
    "Pass the Cookie header of a test user on standard input, with --sign-out and --base-url.";
  return findings("revocation").skipped("not checked: whether a sign-out takes effect", cure);
}

async function prove(
  deployment: Deployment,
  { baseURL, session, wait }: SignOut,
  hasStore: boolean,
  found: Finding[],
): Promise<void> {
  const { ok } = findings("revocation");
  if (!hasStore) throw new Problem("a sign-out has no effect: the edge has no store", STORE);
  await requireConfidential(baseURL, "--base-url");
  await requireConfidential(new URL(deployment.origin), "the edge's URL");
  const server = new AuthServer(betterAuthJwksUrl(baseURL), session);
  const token = await fetchToken(server);
  await requireAcceptance(deployment, token);
  found.push(ok(`the edge accepts a token of the session on ${deployment.path}`));

  const response = await asked(server.signOut());
  if (response.status !== 200) {
    const text = `Better Auth did not end the session: the sign-out returned ${response.status}`;
    throw new Problem(text, response.status === 403 ? ORIGIN : "See Better Auth's log.");
  }
  const seconds = await secondsUntilRevoked(deployment, token, response.received, wait);
  const text = `the edge refuses the token ${seconds} s after the sign-out: 401 session_revoked`;
  found.push(ok(text));
}

/** Why a sign-out is not proved, and the cure. */
class Problem extends Error {
  readonly cure: string;

  constructor(text: string, cure: string) {
    super(text);
    this.cure = cure;
  }
}

/** Sends a session or a token only where no other can read it on the way. */
async function requireConfidential(url: URL, name: string): Promise<void> {
  if ((await keyUrlWarning(url)) === undefined) return;
  throw new Problem(`${name} begins with http: the session was not sent`, "Use https.");
}

async function asked(response: Promise<HttpResponse>): Promise<HttpResponse> {
  try {
    return await response;
  } catch (error) {
    if (!(error instanceof NoResponse)) throw error;
    const text = `Better Auth does not respond: ${error.message}`;
    throw new Problem(text, "Is Better Auth running, and is --base-url its address?");
  }
}

/** A token of the session that says which session it is of. */
async function fetchToken(server: AuthServer): Promise<string> {
  const response = await asked(server.token());
  if (response.status === 401) {
    throw new Problem("Better Auth does not accept the session: 401", SESSION);
  }
  const token = server.tokenIn(response);
  if (token === undefined) {
    const cure =
      "Does --base-url contain Better Auth's base path, and has Better Auth the plugin jwt()?";
    throw new Problem(`Better Auth returned no token: ${response.status}`, cure);
  }
  const sid = decodeToken(token).claims?.sid;
  if (typeof sid !== "string") throw new Problem("the token does not name its session", PLUGIN);
  return token;
}

/** Requires that the path needs a token, and that this one is enough. */
async function requireAcceptance(deployment: Deployment, token: string): Promise<void> {
  const { path } = deployment;
  const needed = refusal(await deployment.request());
  if (needed === "rate_limited") throw new Problem(`the edge limits requests: ${needed}`, LIMIT);
  if (needed !== "missing_token") {
    throw new Problem(`a sign-out has no effect on ${path}, which requires no token`, PATH);
  }
  const code = refusal(await ask(deployment, token));
  if (code === undefined) return;
  const text = `the edge does not accept a token of the session, before the sign-out: ${code}`;
  throw new Problem(text, RULE_CODES.includes(code) ? PATH : (explain(code)?.cure ?? PATH));
}

/** The code of the edge's refusal; `undefined` if the request has passed the edge. */
function refusal(response: HttpResponse): string | undefined {
  // an API behind the edge may describe in the same form what it has not found
  return response.status === 404 ? undefined : problemCode(response);
}

function ask(deployment: Deployment, token: string): Promise<HttpResponse> {
  const headers = { authorization: `Bearer ${token}` };
  return deployment.request(deployment.path, { headers });
}

/** Asks the edge until it refuses the token, and returns the seconds since the sign-out. */
async function secondsUntilRevoked(
  deployment: Deployment,
  token: string,
  began: number,
  wait: number,
): Promise<string> {
  for (let pause = 100; ; pause = Math.min(2 * pause, 1_000)) {
    const response = await ask(deployment, token);
    const code = refusal(response);
    const passed = response.received - began;
    if (code === "session_revoked") return (Math.max(passed, 0) / 1_000).toFixed(1);
    if (code !== undefined && code !== "rate_limited") {
      const text = `the edge refuses the token after the sign-out for another reason: ${code}`;
      throw new Problem(text, explain(code)?.cure ?? "See the edge's log.");
    }
    if (passed >= wait * 1_000) throw await noRevocation(deployment, code, wait);
    await withProgress("waiting for the end of the session", sleep(pause));
  }
}

/** Why the edge does not know of the sign-out, as far as a client can find out. */
async function noRevocation(
  deployment: Deployment,
  code: string | undefined,
  wait: number,
): Promise<Problem> {
  const still = `${wait} s after the sign-out`;
  if (code !== undefined) {
    return new Problem(`${still}, the edge limits requests: ${code}`, LIMIT);
  }
  const accepts = `the edge accepts the token ${still}`;
  const probe = await deployment.event();
  if (probe.status === 404) return new Problem(`${accepts}, and takes no events itself`, FEED);
  if (problemCode(probe) === undefined) {
    const text = `${accepts}: a server in front of it answers events with ${probe.status}`;
    return new Problem(text, IN_FRONT);
  }
  return new Problem(`${accepts}: no event has arrived`, NO_EVENT);
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/** The codes of a rule that a valid token does not fulfill. */
const RULE_CODES = [
  "user_mismatch",
  "insufficient_claims",
  "insufficient_scope",
  "session_too_old",
];

const LIMIT = "Wait a minute, then try again with a session that has not ended.";
const STORE =
  "Bind REVOCATIONS in wrangler.toml and set EDGE_ISSUER; Next.js and Node have the option revocations. See docs/sign-out.md.";
const ORIGIN =
  "--base-url must be Better Auth's baseURL: Better Auth refuses a sign-out from other origins.";
const SESSION =
  "Sign the test user in again, and pass the whole Cookie header. A session token alone requires Better Auth's plugin bearer().";
const PLUGIN =
  "Add the plugin edge() of better-auth-edge/better-auth beside jwt() in Better Auth's plugins. It adds sid.";
const PATH = "Name a path that requires a token, and that the test user may read, with --path.";
const FEED =
  "The edge reads the feed of another edge (REVOCATIONS_URL): edgeURL of Better Auth's plugin must name that one. Is the feed's lag longer? --wait allows more.";
const IN_FRONT =
  "Let POST /.well-known/better-auth-edge/events pass, without a sign-in, a challenge or a redirect.";
const NO_EVENT =
  "Search Better Auth's log for “did not get an event”. With audience_mismatch, edgeURL of the plugin is not the edge's EDGE_ISSUER; with a network error, Better Auth cannot reach the edge. Without such a line, edgeURL is missing or names another edge. A store in KV takes a minute: --wait 70.";

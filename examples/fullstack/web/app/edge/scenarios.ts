/** The requests that the page can send. The requests and the decisions about them are real. */
import {
  fetchExpiredToken,
  fetchToken,
  fetchTokenOf,
  rotateKeys,
  signOutElsewhere,
  startSecondSession,
} from "./better-auth";
import { type Exchange, exchange, type Sent, type SentHeader } from "./exchange";
import { segment, shortened, withAlteredSignature } from "./token";

/** A request with a name. */
export interface Scenario {
  id: string;
  title: string;
  text: string;
  /** What the edge does with the request if it forwards it. */
  why?: string;
  /** Sends the request for the signed-in user. */
  run(userId: string): Promise<Outcome>;
}

/** What happened, in order. */
export interface Outcome {
  /** What was done before the request. */
  before: string[];
  sent: Sent;
  response: Exchange;
}

/** The note of headers that only the edge may set. */
export const FORGED = "forged";

/** A user who is not the signed-in one. */
const OTHER_USER = "00000000-0000-4000-8000-000000000000";

export const SCENARIOS: Scenario[] = [
  {
    id: "own",
    title: "Your own path",
    text: "A valid token, and your own id.",
    run: async (userId) => outcome(userId, [bearer(await fetchToken())]),
  },
  {
    id: "other",
    title: "Another user’s path",
    text: "Your valid token, and another id.",
    run: async (userId) => {
      const sent = { owner: OTHER_USER, headers: [bearer(await fetchToken())] };
      return { before: [], sent, response: await exchange(sent, userId) };
    },
  },
  {
    id: "none",
    title: "No token",
    text: "Neither a token nor a cookie.",
    run: (userId) => outcome(userId, []),
  },
  {
    id: "forged",
    title: "A forged identity header",
    text: "Headers that only the edge may set.",
    why: "The edge removed the forged headers and signed its own.",
    run: async (userId) => {
      const note = FORGED;
      return outcome(userId, [
        bearer(await fetchToken()),
        { name: "X-Edge-User", value: OTHER_USER, note },
        { name: "X_Edge_User", value: OTHER_USER, note },
        { name: "X-Edge-Jwt-Assertion", value: "a.b.c", note },
      ]);
    },
  },
  {
    id: "opaque",
    title: "An opaque session token",
    text: "Better Auth’s own, and not a JWT.",
    why: "The edge exchanged the session token for a JWT at Better Auth.",
    run: async (userId) => {
      const sessionToken = await startSecondSession();
      const before = ["Better Auth started a second session of yours."];
      const shown = `${sessionToken.slice(0, 5)}…${sessionToken.slice(-3)}`;
      const header = { ...bearer(sessionToken, "not a JWT"), shown: `Bearer ${shown}` };
      const result = await outcome(userId, [header], before);
      await signOutElsewhere(sessionToken);
      return result;
    },
  },
  {
    id: "altered",
    title: "An altered signature",
    text: "One character is different.",
    run: async (userId) => {
      const token = withAlteredSignature(await fetchToken());
      return outcome(userId, [bearer(token, "altered signature")]);
    },
  },
  {
    id: "expired",
    title: "An expired token",
    text: "Signed, but its time is over.",
    run: async (userId) => {
      const token = await fetchExpiredToken();
      const expired = new Date(Number(segment(token, 1).exp) * 1000).toLocaleTimeString("en-GB");
      return outcome(userId, [bearer(token, `expired at ${expired}`)]);
    },
  },
  {
    id: "rotated",
    title: "A rotated key",
    text: "The edge has not seen the key yet.",
    why: "The edge fetched Better Auth’s keys again and found the new one.",
    run: async (userId) => {
      const old = await fetchToken();
      await rotateKeys();
      const token = await fetchToken();
      const before = [
        `Better Auth rotated its key: ${kidOf(old)} is retired, ${kidOf(token)} signs.`,
      ];
      return outcome(userId, [bearer(token, "signed with the new key")], before);
    },
  },
  {
    id: "elsewhere",
    title: "Signed out elsewhere",
    text: "The token of a session that has ended.",
    run: async (userId) => {
      const sessionToken = await startSecondSession();
      const token = await fetchTokenOf(sessionToken);
      const before = ["A second session of yours got a token."];
      const headers = [bearer(token, "its session has ended")];
      const first = await exchange({ owner: userId, headers }, userId);
      before.push(`Its first request: ${first.status}.`);
      await signOutElsewhere(sessionToken);
      const signedOut = performance.now();
      // Better Auth's event is on its way to the edge
      for (;;) {
        const result = await outcome(userId, headers, before);
        const seconds = (performance.now() - signedOut) / 1000;
        if (result.response.status !== 200 || seconds > LAG) {
          before.push(`You ended that session, ${seconds.toFixed(1)} s before this response.`);
          return result;
        }
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    },
  },
];

/** Seconds after which a sign-out has failed to take effect. */
const LAG = 30;

/** Sends a request to the user's own path. */
async function outcome(
  userId: string,
  headers: SentHeader[],
  before: string[] = [],
): Promise<Outcome> {
  const sent = { owner: userId, headers };
  return { before, sent, response: await exchange(sent, userId) };
}

function bearer(token: string, note?: string): SentHeader {
  const shown = `Bearer ${shortened(token)}`;
  return { name: "Authorization", value: `Bearer ${token}`, shown, ...(note && { note }) };
}

function kidOf(token: string): string {
  return `${String(segment(token, 0).kid).slice(0, 6)}…`;
}

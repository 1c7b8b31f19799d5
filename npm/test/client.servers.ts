/** An API and a Better Auth for tests of the client: real servers on loopback, told what to answer. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { ApiError, type AuthClient } from "../src/client/index.ts";

/** A request that arrived. */
export interface Arrived {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** What to answer. */
export interface Reply {
  status?: number;
  headers?: Record<string, string | string[]>;
  body?: string | object;
}

/** A server, what arrived at it, and how it is ended. */
export interface TestServer extends AsyncDisposable {
  url: string;
  arrived: Arrived[];
}

/** Starts a server on a free port that answers by this function. */
export async function serve(
  answer: (request: Arrived, count: number) => Reply | Promise<Reply>,
): Promise<TestServer> {
  const arrived: Arrived[] = [];
  const listener: RequestListener = async (incoming, outgoing) => {
    let body = "";
    for await (const chunk of incoming.setEncoding("utf8")) body += chunk;
    const { method = "", url: path = "", headers } = incoming;
    const request = { method, path, headers, body };
    arrived.push(request);
    const reply = await answer(request, arrived.length);
    const text = typeof reply.body === "object" ? JSON.stringify(reply.body) : (reply.body ?? "");
    const type = typeof reply.body === "object" ? { "content-type": "application/json" } : {};
    outgoing.writeHead(reply.status ?? 200, { ...type, ...reply.headers }).end(text);
  };
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrived,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** A token that nobody signed: the client does not look. Times in seconds from now. */
export function token(claims: { sub?: string; iat?: number; exp?: number }, serial = 0): string {
  const now = Math.floor(Date.now() / 1000);
  const { sub = "ada", iat = 0, exp = 900 } = claims;
  return tokenOf({ sub, iat: now + iat, exp: now + exp, serial });
}

/** The same with these claims and no others. */
export function tokenOf(payload: object): string {
  return [{ alg: "EdDSA" }, payload]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .concat("c2lnbmF0dXJl")
    .join(".");
}

/** What of Better Auth's client is needed, asking the given server as that does. */
export function authClientOf(url: string): AuthClient & { signal(): void } {
  const listeners: (() => void)[] = [];
  return {
    async token({ fetchOptions }) {
      const response = await fetch(`${url}/api/auth/token`, fetchOptions);
      const body = (await response.json()) as { token: string };
      if (response.ok) return { data: body, error: null };
      return { data: null, error: { status: response.status } };
    },
    $store: {
      listen: (_signal, listener) => {
        listeners.push(listener);
        // as nanostores do
        listener();
      },
    },
    signal: () => {
      for (const listener of listeners) listener();
    },
  };
}

/** A promise that is kept from outside. */
export function promised<T = void>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** An answer to whatever is asked. */
export const ok = () => ({ body: { ok: true } });

/** A token endpoint whose tokens differ by their serial number. */
export const tokens = (claims: Parameters<typeof token>[0] = {}) =>
  serve((_, count) => ({ body: { token: token(claims, count) } }));

/** The tokens that arrived, with their scheme. */
export const bearers = (arrived: Arrived[]) => arrived.map(({ headers }) => headers.authorization);

/** The error by which a call fails. */
export async function failure(promise: Promise<unknown>): Promise<ApiError> {
  const error = await promise.then(
    () => assert.fail("it did not fail"),
    (error: unknown) => error,
  );
  assert.ok(error instanceof ApiError, String(error));
  return error;
}

/** Whom the tokens that arrived are for. */
export function subjects(arrived: Arrived[]): unknown[] {
  return arrived.map(({ headers }) => {
    const payload = headers.authorization?.split(".")[1] ?? "";
    return JSON.parse(Buffer.from(payload, "base64url").toString()).sub;
  });
}

/** Time as the client sees it, moved on by hand. */
export function fakeClock() {
  const { now } = Date;
  const performanceNow = performance.now;
  let ahead = 0;
  Date.now = () => now() + ahead;
  performance.now = () => performanceNow.call(performance) + ahead;
  return {
    advance: (milliseconds: number) => {
      ahead += milliseconds;
    },
    restore: () => {
      Date.now = now;
      performance.now = performanceNow;
    },
  };
}

/** Waits until it holds. */
export async function until(holds: () => boolean): Promise<void> {
  await settled(async () => holds());
}

/** Tries again until it holds; node's own time limit for tests ends what never does. */
export async function settled(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 2));
}

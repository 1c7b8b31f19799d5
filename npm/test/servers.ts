/** Test servers on loopback: an API, a token endpoint, and a stand-in for Better Auth's client. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { freePort } from "../../examples/fullstack/auth/test/ports.ts";
import { ApiError, type AuthClient } from "../src/client/index.ts";

/** A request that a server received. */
export interface ReceivedRequest {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** A response to send: by default 200 without a body. An object as body is sent as JSON. */
export interface TestResponse {
  status?: number;
  headers?: Record<string, string | string[]>;
  body?: string | object;
}

/** A running server and the requests that it received. */
export interface TestServer extends AsyncDisposable {
  url: string;
  requests: ReceivedRequest[];
}

/**
 * Starts a server on a free port.
 *
 * @param respond makes the response to a request; `count` is the number of requests so far
 */
export async function serve(
  respond: (request: ReceivedRequest, count: number) => TestResponse | Promise<TestResponse>,
): Promise<TestServer> {
  const requests: ReceivedRequest[] = [];
  const listener: RequestListener = async (incoming, outgoing) => {
    let body = "";
    for await (const chunk of incoming.setEncoding("utf8")) body += chunk;
    const { method = "", url: path = "", headers } = incoming;
    const request = { method, path, headers, body };
    requests.push(request);
    const response = await respond(request, requests.length);
    const isJson = typeof response.body === "object";
    const text = isJson ? JSON.stringify(response.body) : String(response.body ?? "");
    const type = isJson ? { "content-type": "application/json" } : {};
    outgoing.writeHead(response.status ?? 200, { ...type, ...response.headers }).end(text);
  };
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The URL of a port on which no server listens, until the test starts one. */
export async function closedUrl(): Promise<string> {
  return `http://127.0.0.1:${await freePort()}`;
}

/**
 * An unsigned token, which the client accepts because it does not verify. Times in seconds from
 * now.
 */
export function token(claims: { sub?: string; iat?: number; exp?: number }, serial = 0): string {
  const now = Math.floor(Date.now() / 1000);
  const { sub = "ada", iat = 0, exp = 900 } = claims;
  return tokenOf({ sub, iat: now + iat, exp: now + exp, serial });
}

/** An unsigned token with exactly these claims. */
export function tokenOf(payload: object): string {
  return [{ alg: "EdDSA" }, payload]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .concat("c2lnbmF0dXJl")
    .join(".");
}

/** A stand-in for Better Auth's client that fetches tokens from the given server. */
export function authClientFor(url: string): AuthClient & { signal(): void } {
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
        // nanostores call a new listener at once
        listener();
      },
    },
    signal: () => {
      for (const listener of listeners) listener();
    },
  };
}

/** A promise that the test resolves. */
export function deferred<T = void>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** A successful response. */
export const ok = () => ({ body: { ok: true } });

/** A token endpoint whose tokens differ by their serial number. */
export const tokens = (claims: Parameters<typeof token>[0] = {}) =>
  serve((_, count) => ({ body: { token: token(claims, count) } }));

/** The `Authorization` headers of the requests. */
export const authorizations = (requests: ReceivedRequest[]) =>
  requests.map(({ headers }) => headers.authorization);

/** The error that a call rejects with. */
export async function failure(promise: Promise<unknown>): Promise<ApiError> {
  const error = await promise.then(
    () => assert.fail("the call succeeded"),
    (error: unknown) => error,
  );
  assert.ok(error instanceof ApiError, String(error));
  return error;
}

/** The `sub` of each request's token. */
export function subjects(requests: ReceivedRequest[]): unknown[] {
  return requests.map(({ headers }) => {
    const payload = headers.authorization?.split(".")[1] ?? "";
    return JSON.parse(Buffer.from(payload, "base64url").toString()).sub;
  });
}

/** Replaces the clocks that the client reads; the test advances them. */
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

/** Waits until the condition holds. The test runner's time limit ends a wait that would not. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** Forwards a request to another server. */
export async function forward(url: string, request: ReceivedRequest): Promise<TestResponse> {
  const { method, path, body } = request;
  const { host, connection, "content-length": _, ...headers } = request.headers;
  const init = { method, headers: headers as Record<string, string>, redirect: "manual" as const };
  const response = await fetch(url + path, { ...init, ...(body ? { body } : {}) }).catch(() => {});
  // Better Auth tries again after the server of a test has stopped
  if (!response) return { status: 502 };
  const { "content-encoding": _encoding, ...forwarded } = Object.fromEntries(response.headers);
  delete forwarded["content-length"];
  delete forwarded["transfer-encoding"];
  const cookies = { "set-cookie": response.headers.getSetCookie() };
  return {
    status: response.status,
    headers: { ...forwarded, ...cookies },
    body: await response.text(),
  };
}

/** An origin server that sends a part of its response at once, and the rest after `released`. */
export async function slowServer(first: string, last: string, released: Promise<unknown>) {
  const server = createServer(async (_, response) => {
    response.write(first);
    await released;
    response.end(last);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, close: () => server.close() };
}

/**
 * Runs a real Better Auth with the plugin, and an edge that receives its events.
 *
 * The tests run with the Better Auth of the example, or with the one that is installed in the
 * directory BETTER_AUTH_DIRECTORY, together with the built package: `cargo xtask test compat`.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createRemoteJWKSet, decodeJwt, jwtVerify } from "jose";
import type { edge as Edge, EdgeOptions } from "../src/better-auth/index.ts";
import { importBetterAuth, SECRET } from "./better-auth.ts";
import { until } from "./servers.ts";

const { BETTER_AUTH_DIRECTORY: directory, BETTER_AUTH_VERSION: version } = process.env;

/** Imports a module of the Better Auth under test. */
// biome-ignore lint/suspicious/noExplicitAny: the tests do not depend on Better Auth's types
export async function load(name: string): Promise<any> {
  if (!directory) return importBetterAuth(name);
  const { resolve } = createRequire(join(directory, "package.json"));
  return import(pathToFileURL(resolve(name)).href);
}

/** Whether the Better Auth under test is this minor version or a later one. */
export function isFrom(minor: number): boolean {
  return !version || Number(version.split(".")[1]) >= minor;
}

export const { edge }: { edge: typeof Edge } = directory
  ? await import(
      pathToFileURL(join(directory, "node_modules/better-auth-edge/dist/better-auth.js")).href
    )
  : await import("../src/better-auth/index.ts");

export const { betterAuth } = await load("better-auth");
export const { memoryAdapter } = await load("better-auth/adapters/memory");
export const plugins = await load("better-auth/plugins");
const { toNodeHandler } = await load("better-auth/node");

/** A password of every user. */
export const PASSWORD = "analytical engine";

/** A row of a table. */
export interface Row {
  [name: string]: unknown;
}

/** An event that an edge received. */
export interface Event {
  type: string;
  sid?: string;
  sub?: string;
  not_before?: number;
}

/** A server on loopback. */
async function listen() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { server, url, close };
}

/**
 * Starts an edge that verifies events with jose.
 *
 * @param jwksUrl the URL of the issuer's keys
 * @param answers the status codes of the first responses; then 204
 */
export async function startEdge(jwksUrl: () => string, answers: number[] = []) {
  const { server, url, close } = await listen();
  const events: Event[] = [];
  const tokens: string[] = [];
  const problems: unknown[] = [];
  const receive = async (request: IncomingMessage, body: string) => {
    assert.equal(`${request.method} ${request.url}`, "POST /.well-known/better-auth-edge/events");
    assert.ok(body.length <= 16_384, `${body.length} bytes`);
    const keys = createRemoteJWKSet(new URL(jwksUrl()));
    const expected = { audience: url, issuer: new URL(jwksUrl()).origin, typ: "edge-event+jwt" };
    const { payload } = await jwtVerify(body, keys, expected);
    assert.equal(Number(payload.exp) - Number(payload.iat), 120);
    assert.equal(typeof payload.jti, "string");
    const all = payload.events as Event[];
    assert.ok(all.length >= 1 && all.length <= 100, `${all.length} events`);
    return all;
  };
  server.on("request", async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    const status = answers.shift() ?? 204;
    tokens.push(body);
    try {
      assert.equal(request.headers["content-type"], "application/jwt");
      const all = await receive(request, body);
      if (status === 204) events.push(...all);
    } catch (error) {
      problems.push(error);
    }
    response.writeHead(status, { "content-type": "application/problem+json" });
    response.end(status === 204 ? undefined : JSON.stringify({ code: "invalid_claim" }));
  });
  return {
    url,
    events,
    tokens,
    close,
    /** Waits until an event fulfills the condition, and returns all events. */
    async received(condition: (event: Event) => boolean) {
      await until(() => problems.length > 0 || events.some(condition));
      assert.deepEqual(problems, []);
      return events;
    },
    /** Waits until the sessions have ended, and returns all events. */
    async ended(...sids: unknown[]) {
      const isThere = (sid: unknown) => events.some((event) => event.sid === sid);
      await until(() => problems.length > 0 || sids.every(isThere));
      assert.deepEqual(problems, []);
      return events;
    },
  };
}

/** The cookies that a browser has after responses: the last of each name. */
export function cookiesOf(response: Response, before = ""): string {
  const set = response.headers.getSetCookie().map((cookie) => cookie.split(";")[0] ?? "");
  const pairs = [...before.split("; ").filter(Boolean), ...set];
  const byName = new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair]));
  return [...byName.values()].filter((pair) => !pair.endsWith("=")).join("; ");
}

const TABLES = "user session account verification jwks organization member invitation apikey";

/** What a test's server has beside the defaults. Other members are Better Auth's own options. */
interface Setup extends Row {
  edgeOptions?: EdgeOptions;
  jwtOptions?: Row | undefined;
  plugins?: unknown[];
  /** The status codes of the edge's first responses. */
  answers?: number[];
  /** Whether Better Auth has no plugin of the edge. */
  isPlain?: boolean;
  /** Whether Better Auth has no jwt plugin. Requires {@link isPlain}. */
  isWithoutJwt?: boolean;
  /** Whether the jwt plugin comes before the edge's. */
  isJwtFirst?: boolean;
  /** Receives Better Auth's log. */
  log?: (level: string, message: string) => void;
}

/** Starts Better Auth with the plugin, and an edge. */
export async function start(setup: Setup = {}) {
  const { edgeOptions, jwtOptions, plugins: others = [], answers, isJwtFirst, ...more } = setup;
  const { log = () => {}, isPlain, isWithoutJwt, ...options } = more;
  const rows: Record<string, Row[]> = Object.fromEntries(
    TABLES.split(" ").map((name) => [name, []]),
  );
  const { server, url, close } = await listen();
  const receiver = await startEdge(() => `${url}/api/auth/jwks`, answers);
  const jwt = isWithoutJwt ? [] : [plugins.jwt(jwtOptions)];
  const edgeURL = isFrom(4) ? receiver.url : undefined;
  const deliveries: Promise<unknown>[] = [];
  const waitUntil = (delivery: Promise<unknown>) => void deliveries.push(delivery);
  const own = isPlain ? [] : [edge({ edgeURL, waitUntil, ...edgeOptions })];
  const auth = betterAuth({
    baseURL: url,
    secret: SECRET,
    database: memoryAdapter(rows),
    emailAndPassword: { enabled: true },
    user: { deleteUser: { enabled: true } },
    logger: { level: "warn", log },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    plugins: isJwtFirst ? [...jwt, ...others, ...own] : [...own, ...others, ...jwt],
    ...options,
  });
  await auth.$context;
  server.on("request", toNodeHandler(auth));

  const call = (path: string, { cookie, body, headers }: Row = {}) =>
    fetch(`${url}/api/auth${path}`, {
      method: body ? "POST" : "GET",
      headers: {
        origin: url,
        ...(body ? { "content-type": "application/json" } : {}),
        ...(cookie ? { cookie: cookie as string } : {}),
        ...(headers as Record<string, string>),
      },
      body: body ? JSON.stringify(body) : null,
    });
  const done = async (path: string, request: Row) => {
    const response = await call(path, request);
    assert.equal(response.status, 200, `${path}: ${await response.clone().text()}`);
    return response;
  };
  const claims = async (cookie: string): Promise<Row> => {
    const { token } = await (await done("/token", { cookie })).json();
    return decodeJwt(token);
  };
  const signed = async (response: Response) => {
    const { user } = await response.json();
    const cookie = cookiesOf(response);
    return { id: user.id as string, cookie, user, sid: (await claims(cookie)).sid as string };
  };
  const withPassword = (name: string, more = {}) => ({
    body: { email: `${name}@example.com`, password: PASSWORD, name, ...more },
  });
  return {
    url,
    auth,
    receiver,
    call,
    done,
    claims,
    signUp: async (name = "ada") => signed(await done("/sign-up/email", withPassword(name))),
    signIn: async (name = "ada") => signed(await done("/sign-in/email", withPassword(name))),
    /** The rows of a table in memory. */
    rows: (table: string): Row[] => rows[table] ?? [],
    /** Signs an administrator up. Requires the admin plugin. */
    async signUpAdmin() {
      const root = await signed(await done("/sign-up/email", withPassword("root")));
      const row = rows.user?.find(({ id }) => id === root.id);
      assert.ok(row);
      row.role = "admin";
      return root;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(deliveries);
      close();
      receiver.close();
    },
  };
}

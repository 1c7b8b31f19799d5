/**
 * Twelve typical mistakes, each made for real: Better Auth, the Worker in workerd, an API. What the
 * operator reads ends the search: it names the URL, the status and the next step.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { run } from "./cli.process.ts";
import { startWorker } from "./cli.worker.ts";
import { start } from "./plugin.setup.ts";
import { closedUrl, serve, type TestServer, until } from "./servers.ts";

type BetterAuth = Awaited<ReturnType<typeof start>>;

/** The servers of all mistakes. */
interface Servers {
  /** A plain Better Auth with the jwt plugin. */
  auth: BetterAuth;
  /** The same without the jwt plugin. */
  withoutJwt: BetterAuth;
  /** An API, which answers 404 to what it does not know. */
  api: TestServer;
  /** A server that redirects to https. */
  toHttps: TestServer;
  /** The URL of a port on which no server listens. */
  closed: string;
}

interface Mistake {
  /** The settings of the Worker that differ from the right ones. */
  settings?: (servers: Servers) => Record<string, unknown>;
  /** Options of Better Auth's jwt plugin, if that is where the mistake is. */
  jwt?: object;
  /** Whether the client sends the session token in place of a JWT. */
  sendsSessionToken?: boolean;
  /** The status and the code of the response. */
  response: string;
  /** Texts of the response's detail. */
  detail?: (servers: Servers) => string[];
  /** Texts in one line of the log. */
  log?: (servers: Servers) => string[];
  /** Texts that doctor prints with `--base-url`. */
  doctor?: (servers: Servers) => string[];
}

const MISTAKES: Record<string, Mistake> = {
  "the wrong base URL": {
    settings: ({ api }) => ({ BETTER_AUTH_URL: api.url }),
    response: "503 keys_unavailable",
    log: ({ api }) => [
      `GET ${api.url}/api/auth/jwks: the server answered 404`,
      "another server answers there (BETTER_AUTH_URL)",
    ],
    doctor: () => ["curl -i"],
  },
  "http for https": {
    settings: ({ toHttps }) => ({ BETTER_AUTH_URL: toHttps.url }),
    response: "503 keys_unavailable",
    detail: () => ["it answered with a redirect"],
    log: ({ toHttps }) => [
      `GET ${toHttps.url}/api/auth/jwks: `,
      "308 to https://app.example.com/api/auth/jwks; if Better Auth is there, change BETTER_AUTH_URL",
    ],
  },
  "no jwt plugin": {
    settings: ({ withoutJwt }) => ({ BETTER_AUTH_URL: withoutJwt.url }),
    response: "503 keys_unavailable",
    detail: () => ["it answered 404: the jwt plugin is missing"],
    log: ({ withoutJwt }) => [
      `GET ${withoutJwt.url}/api/auth/jwks: the server answered 404`,
      "the jwt plugin is missing",
    ],
  },
  "a session token in place of a JWT": {
    sendsSessionToken: true,
    response: "401 opaque_token",
    detail: () => ["get a JWT for it from /api/auth/token"],
    log: () => ["session token", "/api/auth/token", "SESSION_EXCHANGE"],
  },
  "the wrong USER_CLAIM": {
    settings: () => ({ USER_CLAIM: "uuid" }),
    response: "401 missing_claim",
    detail: () => ['the token has no "uuid"', "definePayload"],
    log: () => ["uuid", "USER_CLAIM", "sub"],
  },
  "a misspelled setting": {
    settings: () => ({ ROUTE: [] }),
    response: "500 misconfigured",
    detail: () => ["its log says which"],
    log: () => ['"event":"misconfigured","message":"ROUTE is not a setting, but ROUTES is"'],
    doctor: () => ["a setting is missing, misspelled or invalid", "with the event misconfigured"],
  },
  "an API that is down": {
    settings: ({ closed }) => ({ ORIGIN_URL: closed }),
    response: "502 origin_unreachable",
    detail: () => ["the origin did not answer"],
    log: ({ closed }) => [
      `GET ${closed}/api/tasks: `,
      "does the origin server run, and is ORIGIN_URL its address?",
    ],
  },
  "a Better Auth that is down": {
    settings: ({ closed }) => ({ BETTER_AUTH_URL: closed }),
    response: "503 keys_unavailable",
    log: ({ closed }) => [
      `GET ${closed}/api/auth/jwks: the server could not be reached`,
      "does it run, and is BETTER_AUTH_URL its address?",
    ],
    doctor: () => ["the edge has no key to verify with"],
  },
  "a signing key in another format": {
    settings: () => ({ EDGE_SIGNING_KEY: "-----BEGIN PRIVATE KEY-----" }),
    response: "500 misconfigured",
    detail: () => ["its log says which"],
    log: () => ["EDGE_SIGNING_KEY is not a JWK", "npx better-auth-edge keygen"],
  },
  "a clock that is ahead": {
    jwt: { definePayload: () => ({ iat: Math.floor(Date.now() / 1000) + 600 }) },
    response: "401 not_yet_valid",
    detail: () => ["s in the future"],
    log: () => ["in the future", "compare the clocks", "CLOCK_TOLERANCE"],
  },
  "the wrong audience": {
    jwt: { audience: "https://api.example.com" },
    response: "401 audience_mismatch",
    detail: () => ["the token's audience is https://api.example.com"],
    log: () => ["https://api.example.com", "AUDIENCE"],
  },
  "localhost for 127.0.0.1": {
    settings: ({ auth }) => ({ BETTER_AUTH_URL: auth.url.replace("127.0.0.1", "localhost") }),
    response: "401 issuer_mismatch",
    detail: ({ auth }) => [`the token's issuer is ${auth.url}`, "accepted is http://localhost:"],
    log: ({ auth }) => [
      auth.url,
      "http://localhost:",
      "BETTER_AUTH_URL",
      "ISSUER",
      "localhost and 127.0.0.1 are two issuers",
    ],
  },
};

let servers: Servers;

before(async () => {
  servers = {
    auth: await start({ isPlain: true }),
    withoutJwt: await start({ isPlain: true, isWithoutJwt: true }),
    api: await serve(({ path }) =>
      path === "/api/tasks" ? { body: [] } : { status: 404, body: { detail: "Not Found" } },
    ),
    toHttps: await serve(({ path }) => ({
      status: 308,
      headers: { location: `https://app.example.com${path}` },
    })),
    closed: await closedUrl(),
  };
});

after(async () => {
  for (const server of [servers.auth, servers.withoutJwt, servers.api, servers.toHttps]) {
    await server[Symbol.asyncDispose]();
  }
});

test("a right deployment forwards the request and logs nothing", async () => {
  const { outcome, worker } = await ask({});
  assert.equal(outcome.status, 200);
  assert.deepEqual(rejections(worker.log), []);
});

test("the page about troubleshooting lists the mistakes with their responses", async () => {
  const page = new URL("../../docs/troubleshooting.md", import.meta.url);
  const [, section = ""] = (await readFile(page, "utf8")).split("## The first hour\n");
  const rows = section.split("\n## ")[0]?.match(/^\| .* \|$/gm) ?? [];
  const listed = rows.slice(1).map((row) => row.split(" | ").slice(0, 2).join(": "));
  const expected = Object.entries(MISTAKES).map(([name, { response }]) => {
    const [status, code] = response.split(" ");
    return `| ${name}: ${status} \`${code}\``;
  });
  assert.equal(expected.length, 12);
  assert.deepEqual(listed, expected);
});

for (const [name, mistake] of Object.entries(MISTAKES)) {
  test(`${name}: the log, the response or doctor says what to do next`, async () => {
    const { outcome, worker, credential, stdout } = await ask(mistake);
    const { status, code, detail } = outcome;
    assert.equal(`${status} ${code}`, mistake.response);
    for (const text of mistake.detail?.(servers) ?? []) assert.ok(detail.includes(text), detail);
    const lines = rejections(worker.log);
    const texts = mistake.log?.(servers) ?? [];
    const isThere = lines.some((line) => texts.every((text) => line.includes(text)));
    assert.ok(isThere, `${JSON.stringify(texts)} in ${lines.join("\n")}`);
    for (const text of mistake.doctor?.(servers) ?? []) assert.ok(stdout.includes(text), stdout);
    // a stranger learns nothing about what stands behind the edge, and the log holds no credential
    for (const url of [
      servers.api.url,
      servers.closed,
      servers.toHttps.url,
      "ROUTE",
      "https://app",
    ])
      assert.ok(!detail.includes(url), detail);
    assert.ok(!worker.log.includes(credential), "a credential is in the log");
  });
}

/** Makes a mistake, sends one request, and runs doctor. */
async function ask({ settings, jwt, sendsSessionToken, log, doctor }: Mistake | Partial<Mistake>) {
  await using other = jwt ? await start({ isPlain: true, jwtOptions: { jwt } }) : undefined;
  const auth = other ?? servers.auth;
  const credential = await credentialOf(auth, sendsSessionToken === true);
  await using worker = await startWorker({
    BETTER_AUTH_URL: auth.url,
    ORIGIN_URL: servers.api.url,
    ...settings?.(servers),
  });
  const response = await fetch(`${worker.url}/api/tasks`, {
    headers: { authorization: `Bearer ${credential}` },
  });
  const outcome = { status: response.status, ...(await response.json()) };
  await until(() => log === undefined || rejections(worker.log()).length > 0);
  const args = ["doctor", worker.url, "--base-url", auth.url];
  const stdout = doctor ? (await run(args)).stdout.replace(/\s+/g, " ") : "";
  return { outcome, worker: { log: worker.log() }, credential, stdout };
}

let users = 0;

/** The JWT of a new user, or the token of its session. */
async function credentialOf(auth: BetterAuth, isSessionToken: boolean): Promise<string> {
  users += 1;
  const body = { email: `user${users}@example.com`, password: "analytical engine", name: "Ada" };
  const signedUp = await auth.done("/sign-up/email", { body });
  const cookie = signedUp.headers
    .getSetCookie()
    .map((set) => set.split(";")[0])
    .join("; ");
  if (isSessionToken) return (await signedUp.json()).token;
  return (await (await auth.done("/token", { cookie })).json()).token;
}

/** The lines of the log about a rejection. */
function rejections(log: string): string[] {
  return log
    .split("\n")
    .filter((line) => /"decision":"respond"|"event":"misconfigured"/.test(line));
}

/** Rules about organizations, impersonation and sign-ins, with a real Better Auth. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { createVerifier, type Route } from "better-auth-edge";
import { importBetterAuth, SECRET } from "./better-auth.ts";

const { betterAuth } = await importBetterAuth("better-auth");
const { memoryAdapter } = await importBetterAuth("better-auth/adapters/memory");
const { toNodeHandler } = await importBetterAuth("better-auth/node");
const { admin, jwt, organization } = await importBetterAuth("better-auth/plugins");

/** A row of one of Better Auth's tables. */
type Row = Record<string, unknown>;

/** What `definePayload` receives. */
interface Session {
  user: Row & { id: string };
  session: Row & { id: string; createdAt: Date };
}

const ROUTES: Route[] = [
  { path: "/active/{org_id}/*", match: { org_id: "activeOrganizationId" } },
  { path: "/orgs/{org_id}/*", match: { org_id: "organizations" } },
  { path: "/owned/{org_id}/*", match: { org_id: "memberships.id" } },
  { path: "/billing/*", impersonation: "refuse" },
  { path: "/password", max_session_age: 600 },
  { path: "/users/{user_id}/*", match: { user_id: "sub" } },
];

/** Starts Better Auth on a free port, with its rows in memory. */
async function start() {
  const rows: Record<string, Row[]> = {
    user: [],
    session: [],
    account: [],
    verification: [],
    jwks: [],
    organization: [],
    member: [],
    invitation: [],
  };
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const definePayload = ({ user, session }: Session) => {
    const memberships = (rows.member ?? []).filter(({ userId }) => userId === user.id);
    return {
      email: user.email,
      role: user.role,
      sid: session.id,
      session_iat: session.createdAt.getTime() / 1000,
      impersonatedBy: session.impersonatedBy,
      activeOrganizationId: session.activeOrganizationId,
      organizations: memberships.map(({ organizationId }) => organizationId),
      memberships: memberships.map(({ organizationId: id, role }) => ({ id, role })),
    };
  };
  const auth = betterAuth({
    baseURL: url,
    secret: SECRET,
    database: memoryAdapter(rows),
    emailAndPassword: { enabled: true },
    plugins: [jwt({ jwt: { definePayload } }), admin(), organization()],
    logger: { level: "error" },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
  });
  server.on("request", toNodeHandler(auth));

  const verifier = await createVerifier({ baseURL: url });
  return {
    rows,
    verifier,
    /** A browser, which keeps its cookies. */
    browser() {
      let cookies = new Map<string, string>();
      const send = async (path: string, body?: object) => {
        const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
        const response = await fetch(`${url}/api/auth${path}`, {
          ...(body && { method: "POST", body: JSON.stringify(body) }),
          headers: { origin: url, "content-type": "application/json", cookie },
        });
        assert.equal(response.status, 200, `${path}: ${await response.clone().text()}`);
        for (const set of response.headers.getSetCookie()) {
          const [, name, value] = /^([^=]+)=([^;]*)/.exec(set) as unknown as [0, string, string];
          if (/max-age=0/i.test(set)) cookies.delete(name);
          else cookies.set(name, value);
        }
        return response.json();
      };
      return {
        send,
        forget: () => {
          cookies = new Map();
        },
        token: async (): Promise<string> => (await send("/token")).token,
        signUp: (name: string) =>
          send("/sign-up/email", { name, email: `${name}@example.com`, password: "password-1" }),
      };
    },
    /** `forward`, or the code of the rejection. */
    async outcome(token: string, path: string) {
      const headers = { authorization: `Bearer ${token}` };
      const request = new Request(`https://edge.example${path}`, { headers });
      const decision = await verifier.verifyRequest(request, {
        routes: ROUTES,
        claims: ["sub", "activeOrganizationId", "organizations", "memberships"],
        logLevel: "none",
      });
      return decision.ok ? "forward" : decision.code;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

test("a user opens the paths of their organizations, and of no other", async () => {
  await using auth = await start();
  const [ada, bob] = [auth.browser(), auth.browser()];
  await ada.signUp("ada");
  await bob.signUp("bob");
  const first = (await ada.send("/organization/create", { name: "One", slug: "one" })).id;
  const second = (await ada.send("/organization/create", { name: "Two", slug: "two" })).id;
  const other = (await bob.send("/organization/create", { name: "Three", slug: "three" })).id;
  await ada.send("/organization/set-active", { organizationId: first });

  const token = await ada.token();
  for (const [path, expected] of [
    [`/orgs/${first}/tasks`, "forward"],
    [`/orgs/${second}/tasks`, "forward"],
    [`/orgs/${other}/tasks`, "user_mismatch"],
    ["/orgs/one/tasks", "user_mismatch"],
    [`/owned/${second}/tasks`, "forward"],
    [`/owned/${other}/tasks`, "user_mismatch"],
    ["/owned/owner/tasks", "user_mismatch"],
    [`/active/${first}/tasks`, "forward"],
    [`/active/${second}/tasks`, "user_mismatch"],
  ] as const) {
    assert.equal(await auth.outcome(token, path), expected, path);
  }
  const carol = auth.browser();
  await carol.signUp("carol");
  assert.equal(await auth.outcome(await carol.token(), `/orgs/${first}/tasks`), "user_mismatch");
});

test("an administrator who acts as a user is named, and kept from what the user alone may do", async () => {
  await using auth = await start();
  const [ada, bob] = [auth.browser(), auth.browser()];
  await ada.signUp("ada");
  const bobs = (await bob.signUp("bob")).user;
  const row = auth.rows.user?.find(({ name }) => name === "ada") as Row & { id: string };
  row.role = "admin";
  await ada.send("/admin/impersonate-user", { userId: bobs.id });

  const impersonated = await ada.token();
  const { user, payload } = await auth.verifier.verify(impersonated);
  assert.deepEqual([user.id, user.impersonatedBy], [bobs.id, row.id]);
  assert.equal(payload.impersonatedBy, row.id);
  assert.equal(await auth.outcome(impersonated, `/users/${bobs.id}/a`), "forward");
  assert.equal(await auth.outcome(impersonated, "/billing/a"), "impersonation_refused");

  const alone = await bob.token();
  const result = await auth.verifier.verify(alone);
  assert.equal("impersonatedBy" in result.user, false);
  assert.equal(await auth.outcome(alone, "/billing/a"), "forward");

  await ada.send("/admin/stop-impersonating", {});
  const own = await ada.token();
  assert.equal((await auth.verifier.verify(own)).user.id, row.id);
  assert.equal(await auth.outcome(own, "/billing/a"), "forward");
});

test("a path that needs a recent sign-in opens after a new one, and not with a new token", async () => {
  await using auth = await start();
  const ada = auth.browser();
  await ada.signUp("ada");
  assert.equal(await auth.outcome(await ada.token(), "/password"), "forward");

  for (const session of auth.rows.session ?? []) session.createdAt = new Date(Date.now() - 700_000);
  for (const _ of ["a token", "a new token"]) {
    assert.equal(await auth.outcome(await ada.token(), "/password"), "session_too_old");
  }
  assert.equal(await auth.outcome(await ada.token(), "/billing/a"), "forward");

  ada.forget();
  await ada.send("/sign-in/email", { email: "ada@example.com", password: "password-1" });
  assert.equal(await auth.outcome(await ada.token(), "/password"), "forward");
});

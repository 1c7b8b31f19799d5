/** The claims that the plugin for Better Auth adds to tokens. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeJwt } from "jose";
import {
  betterAuth,
  cookiesOf,
  edge,
  isFrom,
  memoryAdapter,
  plugins,
  start,
} from "./plugin.setup.ts";

test("a token names its session and when it began, in any order of the plugins", async () => {
  for (const isJwtFirst of [true, false]) {
    for (const [jwtOptions, lifetime] of [
      [undefined, 900],
      [{}, 900],
      [{ jwt: { expirationTime: "5m" } }, 300],
    ] as const) {
      await using server = await start({ isJwtFirst, jwtOptions });
      const { id, cookie } = await server.signUp();
      const claims = await server.claims(cookie);
      const [session] = server.rows("session");
      assert.equal(claims.sid, session?.id);
      assert.equal(claims.session_iat, Number(session?.createdAt) / 1000);
      assert.equal(claims.sub, id);
      assert.equal(claims.email, "ada@example.com", "the user's record remains");
      assert.equal(Number(claims.exp) - Number(claims.iat), lifetime);
      const text = JSON.stringify(claims);
      assert.ok(!text.includes(session?.token as string), "never the session's token");
    }
  }
});

test("the token of /get-session and of auth.api has the claims too", async () => {
  for (const jwtOptions of [undefined, {}]) {
    await using server = await start({ jwtOptions });
    const { cookie, sid } = await server.signUp();
    const response = await server.done("/get-session", { cookie });
    assert.equal(decodeJwt(response.headers.get("set-auth-jwt") ?? "").sid, sid);
    const { token } = await server.auth.api.getToken({ headers: new Headers({ cookie }) });
    assert.equal(decodeJwt(token).sid, sid);
  }
});

test("a field that users can edit replaces no claim about them", async () => {
  const field = { type: "string", required: false };
  const names = ["uuid", "organizations", "permissions", "activeOrganizationId", "sid", "cred"];
  const more = ["session_iat", "impersonatedBy", "act", "sub", "iss", "aud", "jti", "api_key_id"];
  const fields = [...names, ...more].map((name) => [name, field]);
  const user = { additionalFields: Object.fromEntries([...fields, ["city", field]]) };
  const edgeOptions = { uuid: { field: "publicId" }, organizations: true };
  const others = [plugins.organization(), plugins.admin()];
  await using server = await start({ edgeOptions, plugins: others, user });
  const { cookie } = await server.signUp();
  const before = await server.claims(cookie);
  const body = Object.fromEntries(fields.map(([name]) => [name, "chosen"]));
  await server.done("/update-user", { cookie, body: { ...body, city: "chosen" } });
  assert.equal(server.rows("user")[0]?.organizations, "chosen");
  const { city, ...after } = await server.claims(cookie);
  assert.equal(city, "chosen");
  const now = { iat: before.iat, exp: before.exp, updatedAt: before.updatedAt };
  assert.deepEqual({ ...after, ...now }, before);
});

test("claims of the application win, except for those about the session", async () => {
  const forged = { sid: "x", session_iat: 1, impersonatedBy: "x", cred: "x", api_key_id: "x" };
  const definePayload = () => ({ role: "own", uuid: "own", more: 1, ...forged });
  await using server = await start({ jwtOptions: { jwt: { definePayload } } });
  const { cookie } = await server.signUp();
  const claims = await server.claims(cookie);
  assert.deepEqual([claims.role, claims.uuid, claims.more], ["own", "own", 1]);
  assert.equal(claims.sid, server.rows("session")[0]?.id);
  assert.ok(Number(claims.session_iat) > 1);
  for (const name of ["impersonatedBy", "cred", "api_key_id", "email"]) {
    assert.ok(!(name in claims), name);
  }
});

test("two instances with the same options of the jwt plugin both add their claims", async () => {
  const jwtOptions = { jwt: { definePayload: () => ({ own: true }) } };
  await using first = await start({ jwtOptions });
  await using second = await start({ jwtOptions });
  const { cookie } = await second.signUp();
  const { own, sid } = await second.claims(cookie);
  assert.deepEqual([own, sid], [true, second.rows("session")[0]?.id]);
  await first.signUp();
});

test("the session of an impersonator says so", async () => {
  await using server = await start({ plugins: [plugins.admin()] });
  const root = await server.signUpAdmin();
  const ada = await server.signUp("ada");
  const body = { userId: ada.id };
  const response = await server.done("/admin/impersonate-user", { cookie: root.cookie, body });
  const claims = await server.claims(cookiesOf(response));
  assert.deepEqual([claims.sub, claims.impersonatedBy], [ada.id, root.id]);
  assert.equal((await server.claims(ada.cookie)).impersonatedBy, undefined);
  assert.equal((await server.claims(root.cookie)).role, "admin");
});

test("tokens name the active organization and, on request, all of them", async () => {
  for (const organizations of [true, false]) {
    const edgeOptions = { organizations };
    await using server = await start({ plugins: [plugins.organization()], edgeOptions });
    const { cookie } = await server.signUp();
    const body = { name: "Analysts", slug: "analysts" };
    const { id } = await (await server.done("/organization/create", { cookie, body })).json();
    const claims = await server.claims(cookie);
    assert.deepEqual(claims.organizations, organizations ? [id] : undefined);
    assert.equal(claims.activeOrganizationId, id);
  }
});

test("a session from the cookie cache gives the same claims", async () => {
  const session = { cookieCache: { enabled: true, maxAge: 300 } };
  await using server = await start({ session });
  const { cookie } = await server.signUp();
  const fresh = await server.claims(cookie);
  const [row] = server.rows("session");
  assert.deepEqual([fresh.sid, fresh.session_iat], [row?.id, Number(row?.createdAt) / 1000]);
});

test("mistakes are named at start-up", async () => {
  const named = (pattern: RegExp) => (error: Error) =>
    error.constructor.name === "BetterAuthError" && pattern.test(error.message);
  for (const edgeURL of ["https://edge.example.com/path", "ftp://edge.example.com", "edge"]) {
    assert.throws(() => edge({ edgeURL }), named(/edgeURL is not an origin/));
  }
  const context = (all: unknown[]) =>
    betterAuth({
      baseURL: "http://127.0.0.1",
      secret: "a secret for tests, long enough to pass",
      telemetry: { enabled: false },
      database: memoryAdapter({}),
      plugins: all,
    }).$context;
  await assert.rejects(context([edge()]), named(/the jwt plugin is missing/));
  const organizations = edge({ organizations: true });
  await assert.rejects(
    context([plugins.jwt(), organizations]),
    named(/the organization plugin is missing/),
  );
  if (isFrom(4)) return;
  const events = edge({ edgeURL: "https://edge.example.com" });
  await assert.rejects(context([plugins.jwt(), events]), named(/requires Better Auth 1\.4/));
});

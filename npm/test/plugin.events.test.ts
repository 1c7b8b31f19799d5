/** The events that the plugin for Better Auth sends when sessions end. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { cookiesOf, type Event, isFrom, PASSWORD, plugins, start } from "./plugin.setup.ts";

const options = { skip: !isFrom(4) && "before Better Auth 1.4" };

/** The ids of the sessions that events end. */
const sids = (events: Event[]) => events.flatMap(({ sid }) => sid ?? []).sort();

/** The subjects of users whose sessions have all ended. */
const users = (events: Event[]) => events.filter(({ type }) => type === "user");

const isUser = ({ type }: Event) => type === "user";

test("a sign-out ends one session", options, async () => {
  await using server = await start();
  const { id, cookie, sid } = await server.signUp();
  const other = await server.signIn();
  await server.done("/sign-out", { cookie, body: {} });
  const events = await server.receiver.ended(sid);
  assert.deepEqual(
    events.filter(({ type }) => type !== "keys"),
    [{ type: "session", sid, sub: id }],
  );
  await server.claims(other.cookie);
});

test("a revoked session ends, and the other sessions of the user go on", options, async () => {
  await using server = await start();
  const { cookie, sid } = await server.signUp();
  const second = await server.signIn();
  const third = await server.signIn();
  const row = server.rows("session").find(({ id }) => id === second.sid);
  await server.done("/revoke-session", { cookie, body: { token: row?.token } });
  await server.receiver.ended(second.sid);
  await server.done("/revoke-other-sessions", { cookie, body: {} });
  const events = await server.receiver.ended(third.sid);
  assert.ok(!sids(events).includes(sid));
  assert.deepEqual(users(events), []);
});

test("a sign-out everywhere ends all sessions of the user in one token", options, async () => {
  await using server = await start();
  const { id, cookie } = await server.signUp();
  const second = await server.signIn();
  const grace = await server.signUp("grace");
  const sessions = server.rows("session").filter(({ userId }) => userId === id);
  // one session began in an earlier second
  for (const session of sessions) {
    if (session.id === second.sid) session.createdAt = new Date(Date.now() - 5_000);
  }
  await server.receiver.received(({ type }) => type === "keys");
  const tokens = server.receiver.tokens.length;
  const before = Math.floor(Date.now() / 1000);
  await server.done("/revoke-sessions", { cookie, body: {} });
  const after = Date.now() / 1000;

  const events = await server.receiver.received(isUser);
  assert.equal(server.receiver.tokens.length, tokens + 1);
  const [user] = users(events);
  assert.equal(user?.sub, id);
  const notBefore = Number(user?.not_before);
  assert.ok(before <= notBefore && notBefore <= after);
  assert.equal(sessions.length, 2);
  for (const session of sessions) {
    const isCovered = Number(session.createdAt) / 1000 < notBefore;
    assert.notEqual(sids(events).includes(session.id as string), isCovered, "ended once");
  }
  assert.ok(!sids(events).includes(second.sid));
  const again = await server.signIn();
  const { session_iat } = await server.claims(again.cookie);
  assert.ok(Number(session_iat) >= notBefore, "a new session goes on");
  await server.claims(grace.cookie);
});

test(
  "a new password ends the other sessions, and the one that stays is not revoked",
  options,
  async () => {
    await using server = await start();
    const { id, cookie, sid } = await server.signUp();
    const second = await server.signIn();
    const body = { currentPassword: PASSWORD, newPassword: "difference engine" };
    const response = await server.done("/change-password", { cookie, body });
    const events = await server.receiver.received(isUser);
    const [user] = users(events);
    assert.equal(user?.sub, id);
    const stays = await server.claims(cookiesOf(response, cookie));
    assert.ok(!sids(events).includes(stays.sid as string));
    assert.ok(Number(stays.session_iat) >= Number(user?.not_before));
    const refused = await server.call("/token", { cookie: second.cookie });
    assert.equal(refused.status, 401, "Better Auth ends the other sessions too");
    assert.notEqual(stays.sid, sid);
  },
);

test(
  "with endSessionsOnPasswordChange: false, a new password ends no session",
  options,
  async () => {
    const edgeOptions = { endSessionsOnPasswordChange: false };
    await using server = await start({ edgeOptions });
    const { cookie } = await server.signUp();
    const second = await server.signIn();
    const body = { currentPassword: PASSWORD, newPassword: "difference engine" };
    await server.done("/change-password", { cookie, body });
    await server.claims(second.cookie);
    await server.done("/sign-out", { cookie, body: {} });
    const events = await server.receiver.received(({ type }) => type === "session");
    assert.equal(sids(events).length, 1);
  },
);

test("a reset password ends all sessions", options, async () => {
  let token = "";
  const sendResetPassword = async (reset: { token: string }) => {
    token = reset.token;
  };
  await using server = await start({ emailAndPassword: { enabled: true, sendResetPassword } });
  const { id, cookie } = await server.signUp();
  const path = isFrom(4) ? "/request-password-reset" : "/forget-password";
  await server.done(path, { body: { email: "ada@example.com" } });
  await server.done("/reset-password", { body: { token, newPassword: "difference engine" } });
  const [user] = users(await server.receiver.received(isUser));
  assert.equal(user?.sub, id);
  assert.equal((await server.call("/token", { cookie })).status, 401);
});

test("an administrator ends the sessions of a user", options, async () => {
  const ends: [string, object][] = [
    ["/admin/revoke-user-sessions", {}],
    ["/admin/set-user-password", { newPassword: "difference engine" }],
    ["/admin/ban-user", {}],
    ["/admin/remove-user", {}],
  ];
  for (const [path, more] of ends) {
    await using server = await start({ plugins: [plugins.admin()] });
    const root = await server.signUpAdmin();
    const ada = await server.signUp("ada");
    const asked = Math.floor(Date.now() / 1000);
    await server.done(path, { cookie: root.cookie, body: { userId: ada.id, ...more } });
    const events = await server.receiver.received(isUser);
    assert.ok(
      users(events).every(({ sub }) => sub === ada.id),
      path,
    );
    // a token of an API key has no session, and may have been issued in the same second
    const last = Math.max(...users(events).map(({ not_before }) => not_before ?? 0));
    if (/ban|remove/.test(path)) assert.ok(last >= asked + 2, path);
    assert.equal((await server.call("/token", { cookie: ada.cookie })).status, 401, path);
    await server.claims(root.cookie);
  }
});

test("a user who deletes the account has no session any more", options, async () => {
  await using server = await start();
  const { id, cookie } = await server.signUp();
  await server.done("/delete-user", { cookie, body: { password: PASSWORD } });
  const [user] = users(await server.receiver.received(isUser));
  assert.equal(user?.sub, id);
});

test("a failed request ends nothing", options, async () => {
  await using server = await start();
  const { cookie } = await server.signUp();
  const body = { currentPassword: "wrong password", newPassword: "difference engine" };
  assert.notEqual((await server.call("/change-password", { cookie, body })).status, 200);
  await server.call("/revoke-session", { cookie, body: { token: "unknown" } });
  const other = await server.signUp("grace");
  await server.done("/sign-out", { cookie: other.cookie, body: {} });
  assert.deepEqual(sids(await server.receiver.ended(other.sid)), [other.sid]);
});

test("the subject of events is that of tokens", options, async () => {
  const getSubject = ({ user }: { user: { email: string } }) => `mail:${user.email}`;
  await using server = await start({ jwtOptions: { jwt: { getSubject } } });
  const { cookie, sid } = await server.signUp();
  assert.equal((await server.claims(cookie)).sub, "mail:ada@example.com");
  await server.done("/sign-out", { cookie, body: {} });
  const events = await server.receiver.ended(sid);
  const ofSession = events.filter((event) => event.sid === sid).map(({ sub }) => sub);
  assert.ok(ofSession.includes("mail:ada@example.com"));
  const again = await server.signIn();
  await server.done("/delete-user", { cookie: again.cookie, body: { password: PASSWORD } });
  const ended = users(await server.receiver.received(isUser));
  assert.ok(ended.some(({ sub }) => sub === "mail:ada@example.com"));
});

test("cookie caches, and tokens with an earlier subject, end too", options, async () => {
  const getSubject = ({ user }: { user: { email: string } }) => `mail:${user.email}`;
  const jwtOptions = { jwt: { getSubject } };
  await using server = await start({ jwtOptions, plugins: [plugins.admin()] });
  const root = await server.signUpAdmin();
  const ada = await server.signUp("ada");
  const [row, session] = [server.rows("user")[1], server.rows("session")[1]];
  assert.ok(row && session);
  row.email = "lovelace@example.com";
  session.createdAt = new Date(Date.now() - 60_000);
  await server.done("/admin/ban-user", { cookie: root.cookie, body: { userId: ada.id } });
  const events = await server.receiver.ended(ada.sid);
  // a cookie cache has the user's id as its subject
  const subjects = ["mail:lovelace@example.com", ada.id].sort();
  for (const type of ["user", "session"]) {
    const found = events.filter((event) => event.type === type).map(({ sub }) => sub);
    assert.deepEqual([...new Set(found)].sort(), subjects, type);
  }
});

test(
  "a failure of the application's getSubject does not keep a session alive",
  options,
  async () => {
    let fails = false;
    const getSubject = ({ user }: { user: { id: string } }) => {
      if (fails) throw new Error("no subject");
      return user.id;
    };
    const lines: string[] = [];
    const log = (_: string, message: string) => void lines.push(message);
    await using server = await start({ jwtOptions: { jwt: { getSubject } }, log });
    const { cookie } = await server.signUp();
    fails = true;
    await server.done("/sign-out", { cookie, body: {} });
    assert.equal((await server.call("/token", { cookie })).status, 401);
    assert.ok(lines.some((line) => /no event of an ended session: no subject/.test(line)));
  },
);

/** A secondary storage in memory. */
function storage() {
  const values = new Map<string, string>();
  return {
    get: (key: string) => values.get(key) ?? null,
    set: (key: string, value: string) => void values.set(key, value),
    delete: (key: string) => void values.delete(key),
    getAndDelete(key: string) {
      const value = values.get(key) ?? null;
      values.delete(key);
      return value;
    },
  };
}

test("sessions in a secondary storage end too, with or without the database", options, async () => {
  for (const storeSessionInDatabase of [false, true]) {
    const session = { storeSessionInDatabase };
    await using server = await start({ secondaryStorage: storage(), session });
    const { id, cookie, sid } = await server.signUp();
    assert.equal(server.rows("session").length, storeSessionInDatabase ? 1 : 0);
    await server.done("/sign-out", { cookie, body: {} });
    const events = await server.receiver.ended(sid);
    const ended = events.filter((event) => event.sid === sid);
    assert.deepEqual(ended, [{ type: "session", sid, sub: id }]);
    assert.ok(events.every(({ type, sub }) => type === "keys" || sub === id));

    const [first, second] = [await server.signIn(), await server.signIn()];
    await server.done("/revoke-sessions", { cookie: first.cookie, body: {} });
    const isEnded = ({ sid, type }: Event) => sid === second.sid || type === "user";
    await server.receiver.received(isEnded);
    if (!storeSessionInDatabase) await server.receiver.ended(first.sid, second.sid);
    assert.equal((await server.call("/token", { cookie: second.cookie })).status, 401);
  }
});

test("a secondary storage of two instances is watched once", options, async () => {
  const secondaryStorage = storage();
  await using first = await start({ secondaryStorage });
  await using second = await start({ secondaryStorage });
  const { cookie, sid } = await second.signUp();
  await second.done("/sign-out", { cookie, body: {} });
  await second.receiver.ended(sid);
  assert.ok(!sids(first.receiver.events).includes(sid));
});

test("a preserved session ends although its row remains", options, async () => {
  const session = { storeSessionInDatabase: true, preserveSessionInDatabase: true };
  await using server = await start({ secondaryStorage: storage(), session });
  const { cookie, sid } = await server.signUp();
  await server.done("/sign-out", { cookie, body: {} });
  await server.receiver.ended(sid);
  assert.equal(server.rows("session").length, 1);
});

test("each session of the multi-session plugin ends by itself", options, async () => {
  await using server = await start({ plugins: [plugins.multiSession()] });
  const ada = await server.signUp("ada");
  const grace = await server.signUp("grace");
  const row = server.rows("session").find(({ id }) => id === grace.sid);
  const cookie = `${grace.cookie}; ${ada.cookie}`;
  const body = { sessionToken: row?.token };
  await server.done("/multi-session/revoke", { cookie, body });
  const events = await server.receiver.ended(grace.sid);
  assert.deepEqual(sids(events), [grace.sid]);
  await server.claims(ada.cookie);
});

test(
  "a session with a cookie cache ends at the edge before the cache expires",
  options,
  async () => {
    const session = { cookieCache: { enabled: true, maxAge: 300 } };
    await using server = await start({ session });
    const { cookie, sid } = await server.signUp();
    await server.done("/sign-out", { cookie, body: {} });
    assert.deepEqual(sids(await server.receiver.ended(sid)), [sid]);
  },
);

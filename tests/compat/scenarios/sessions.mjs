/** Session cookies: the session exchange and the signed cookie cache. */
import { SECRET, Server } from "../better-auth.mjs";
import { changedCookie, forged, without } from "../cases.mjs";
import { ALL, from } from "../versions.mjs";

const EXCHANGE = { SESSION_EXCHANGE: "true" };
const BY_SECRET = { COOKIE_CACHE: "secret", BETTER_AUTH_SECRET: SECRET };
const BY_KEYS = { COOKIE_CACHE: "jwks" };

/** A server with these options, and one of its users. */
async function signedUp({ library }, more = () => ({})) {
  const server = await Server.start(library, (url) => ({
    plugins: [library.plugins.jwt(), library.plugins.bearer()],
    ...more(url, library),
  }));
  return { server, ada: await server.signUp() };
}

const isCache = (pair) => /session_data/.test(pair);
const isSession = (pair) => /session_token/.test(pair);

/** Adds exchanges of the user's cookies, and of forged ones. */
function exchanges(cases, server, { cookie, user }, settings = {}) {
  const name = cookie.split("; ").find(isSession).split("=")[0];
  const all = { ...EXCHANGE, ...settings };
  cases.acceptsCookies(server, "a session", cookie, user.id, all);
  const other = changedCookie(
    cookie,
    name,
    (value) => (value[0] === "x" ? "y" : "x") + value.slice(1),
  );
  cases.rejectsCookies(server, "a forged session", other, "missing_token", all);
  const unsigned = changedCookie(cookie, name, (value) => value.split(".")[0]);
  cases.rejectsCookies(server, "a session without its signature", unsigned, "missing_token", all);
  cases.rejectsCookies(server, "without the exchange", cookie, "missing_token", settings);
}

/** Adds the user's cookie cache, which these settings accept, and changed copies. */
function caches(cases, server, { cookie, user }, settings) {
  const name = cookie.split("; ").find(isCache).split("=")[0];
  cases.acceptsCookies(server, "an unchanged cache", cookie, user.id, settings);
  const bad = changedCookie(cookie, name, forged);
  cases.rejectsCookies(server, "a changed signature", bad, "bad_signature", settings);
  const alone = without(cookie, isSession);
  cases.rejectsCookies(server, "without its session", alone, "missing_token", settings);
  const claimed = changedCookie(cookie, name, asAnotherUser);
  cases.rejectsCookies(server, "changed claims", claimed, "bad_signature", settings);
}

function asAnotherUser(cache) {
  const [head, payload, signature] = cache.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
  claims.user.id = claims.session.userId = "another-user";
  if (claims.sub) claims.sub = "another-user";
  return `${head}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.${signature}`;
}

const cookieCache = (strategy) => ({ cookieCache: { enabled: true, maxAge: 300, strategy } });

export default [
  {
    option: "session exchange",
    versions: ALL,
    async run(cases) {
      const { server, ada } = await signedUp(cases);
      exchanges(cases, server, ada);
      const over = await signedUp(cases);
      await over.server.request("/sign-out", {
        method: "POST",
        headers: { cookie: over.ada.cookie },
      });
      cases.rejectsCookies(over.server, "ended", over.ada.cookie, "missing_token", EXCHANGE);
    },
  },
  {
    option: "the exchange does not change the session's row",
    versions: ALL,
    async run(cases) {
      const { server } = await signedUp(cases);
      const session = await server.signIn("ada", { rememberMe: false });
      // due for a refresh: Better Auth prolongs a session that is older than a day
      const row = server.row(session);
      row.expiresAt = new Date(Date.now() + 3_600_000);
      row.updatedAt = new Date(Date.now() - 6 * 86_400_000);
      cases.add(server, "a session that is due for a refresh", EXCHANGE, [
        { headers: { cookie: session.cookie }, expected: "ok", user: session.user.id },
      ]);
      cases.unchanged(server, session);
    },
  },
  {
    option: "`secondaryStorage`",
    versions: ALL,
    async run(cases) {
      const values = new Map();
      const secondaryStorage = {
        get: (key) => values.get(key) ?? null,
        set: (key, value) => void values.set(key, value),
        delete: (key) => void values.delete(key),
        getAndDelete(key) {
          const value = values.get(key) ?? null;
          values.delete(key);
          return value;
        },
      };
      const { server, ada } = await signedUp(cases, () => ({ secondaryStorage }));
      cases.verifies(server, await server.token(ada), ada.user.id);
      exchanges(cases, server, ada);
    },
  },
  {
    option: "`bearer`",
    versions: ALL,
    async run(cases) {
      const { server, ada } = await signedUp(cases);
      cases.rejects(server, "a session as a token", ada.bearer, "opaque_token");
      const [raw] = ada.bearer.split(".");
      cases.rejects(server, "a session without its signature", raw, "opaque_token");
      const { token } = await server.json("/token", {
        headers: { authorization: `Bearer ${ada.bearer}` },
      });
      cases.verifies(server, token, ada.user.id);
    },
  },
  {
    option: "`advanced.cookiePrefix`",
    versions: ALL,
    async run(cases) {
      const { server, ada } = await signedUp(cases, () => ({ advanced: { cookiePrefix: "acme" } }));
      exchanges(cases, server, ada, { COOKIE_PREFIX: "acme" });
      const settings = { ...EXCHANGE, COOKIE_PREFIX: "other" };
      cases.rejectsCookies(server, "another prefix", ada.cookie, "missing_token", settings);
    },
  },
  {
    option: "`advanced.useSecureCookies`",
    versions: ALL,
    async run(cases) {
      const more = () => ({ advanced: { useSecureCookies: true } });
      const { server, ada } = await signedUp(cases, more);
      if (!ada.cookie.startsWith("__Secure-")) throw new Error(ada.cookie);
      exchanges(cases, server, ada);
    },
  },
  {
    option: "`advanced.crossSubDomainCookies`",
    versions: ALL,
    async run(cases) {
      const crossSubDomainCookies = { enabled: true, domain: "example.com" };
      const { server, ada } = await signedUp(cases, () => ({
        advanced: { crossSubDomainCookies },
      }));
      exchanges(cases, server, ada);
      const cookie = `${ada.cookie}; ${ada.cookie.split("; ").find(isSession)}`;
      cases.acceptsCookies(server, "the session twice", cookie, ada.user.id, EXCHANGE);
    },
  },
  {
    option: "`advanced.cookies.session_token.name`",
    versions: ALL,
    async run(cases) {
      const cookies = { session_token: { name: "acme_session_token" } };
      const { server, ada } = await signedUp(cases, () => ({ advanced: { cookies } }));
      const name = ada.cookie.split("; ").find(isSession).split("=")[0];
      exchanges(cases, server, ada, { SESSION_COOKIE_NAME: name });
    },
  },
  {
    option: "`basePath` with the exchange",
    versions: ALL,
    async run(cases) {
      for (const basePath of ["/identity/auth", "/"]) {
        const { server, ada } = await signedUp(cases, () => ({ basePath }));
        exchanges(cases, server, ada, { BETTER_AUTH_BASE_PATH: basePath });
      }
    },
  },
  {
    option: "`rememberMe: false`",
    versions: ALL,
    async run(cases) {
      const { server } = await signedUp(cases);
      exchanges(cases, server, await server.signIn("ada", { rememberMe: false }));
    },
  },
  {
    option: '`cookieCache.strategy: "jwt"`, by secret',
    versions: from("1.4"),
    async run(cases) {
      const { server, ada } = await signedUp(cases, () => ({ session: cookieCache("jwt") }));
      caches(cases, server, ada, BY_SECRET);
      const settings = { ...BY_SECRET, BETTER_AUTH_SECRET: `${SECRET} of another server` };
      cases.rejectsCookies(server, "another secret", ada.cookie, "bad_signature", settings);
    },
  },
  {
    option: "`jwt({ sessionCookieCache: true })`",
    versions: ["1.7"],
    async run(cases) {
      const { server, ada } = await signedUp(cases, (_, { plugins }) => ({
        session: cookieCache("jwt"),
        plugins: [plugins.jwt({ sessionCookieCache: true })],
      }));
      caches(cases, server, ada, BY_KEYS);
      const cache = ada.cookie.split("; ").find(isCache);
      const token = cache.slice(cache.indexOf("=") + 1);
      cases.rejects(server, "the cache as a bearer token", token, "wrong_token_type");
    },
  },
  {
    option: "`cookieCache.version`",
    versions: from("1.4"),
    async run(cases) {
      const session = cookieCache("jwt");
      session.cookieCache.version = "2";
      const { server, ada } = await signedUp(cases, () => ({ session }));
      caches(cases, server, ada, { ...BY_SECRET, COOKIE_CACHE_VERSION: "2" });
      cases.rejectsCookies(server, "another version", ada.cookie, "expired", BY_SECRET);
    },
  },
  {
    option: "a cookie cache in chunks",
    versions: from("1.4"),
    async run(cases) {
      const { server, ada } = await signedUp(cases, () => ({
        session: cookieCache("jwt"),
        user: {
          additionalFields: {
            bio: { type: "string", defaultValue: () => "a long biography ".repeat(300) },
          },
        },
      }));
      const chunks = ada.cookie.split("; ").filter(isCache);
      if (chunks.length < 2) throw new Error("the cache has one chunk");
      cases.acceptsCookies(server, "all chunks", ada.cookie, ada.user.id, BY_SECRET);
      const some = without(ada.cookie, (pair) => pair === chunks.at(-1));
      cases.rejectsCookies(server, "a chunk is missing", some, "malformed_token", BY_SECRET);
      const both = { ...BY_SECRET, ...EXCHANGE };
      cases.acceptsCookies(server, "the session is exchanged instead", some, ada.user.id, both);
    },
  },
  ...["compact", "jwe"].map((strategy) => ({
    option: `\`cookieCache.strategy: "${strategy}"\`, rejected`,
    versions: strategy === "jwe" ? from("1.4") : ALL,
    async run(cases) {
      const { server, ada } = await signedUp(cases, () => ({ session: cookieCache(strategy) }));
      cases.rejectsCookies(server, "by secret", ada.cookie, "malformed_token", BY_SECRET);
      cases.rejectsCookies(server, "by keys", ada.cookie, "malformed_token", BY_KEYS);
      const both = { ...BY_SECRET, ...EXCHANGE };
      cases.acceptsCookies(
        server,
        "the session is exchanged instead",
        ada.cookie,
        ada.user.id,
        both,
      );
    },
  })),
];

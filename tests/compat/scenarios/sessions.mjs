/** Session cookies: turned into a token by the exchange, or believed by the signature of their cache. */
import { SECRET, Server } from "../better-auth.mjs";
import { changedCookie, forged, without } from "../cases.mjs";
import { ALL, from } from "../versions.mjs";

const EXCHANGE = { SESSION_EXCHANGE: "true" };
const BY_SECRET = { COOKIE_CACHE: "secret", BETTER_AUTH_SECRET: SECRET };
const BY_KEYS = { COOKIE_CACHE: "jwks" };

/** A server with these options and a user of it. */
async function signedUp({ library }, more = () => ({})) {
  const server = await Server.start(library, (url) => ({
    plugins: [library.plugins.jwt(), library.plugins.bearer()],
    ...more(url, library),
  }));
  return { server, ada: await server.signUp() };
}

const isCache = (pair) => /session_data/.test(pair);
const isSession = (pair) => /session_token/.test(pair);

/** The exchange with this server's cookies, and with forged ones. */
function exchanges(cases, server, { cookie, user }, settings = {}) {
  const name = cookie.split("; ").find(isSession).split("=")[0];
  const all = { ...EXCHANGE, ...settings };
  cases.acceptsCookies(server, "a session", cookie, user.id, all);
  const other = changedCookie(
    cookie,
    name,
    (value) => (value[0] === "x" ? "y" : "x") + value.slice(1),
  );
  cases.refusesCookies(server, "a forged session", other, "missing_token", all);
  const unsigned = changedCookie(cookie, name, (value) => value.split(".")[0]);
  cases.refusesCookies(server, "a session without its signature", unsigned, "missing_token", all);
  cases.refusesCookies(server, "without the exchange", cookie, "missing_token", settings);
}

/** A cookie cache that counts by these settings, and altered ones. */
function caches(cases, server, { cookie, user }, settings) {
  const name = cookie.split("; ").find(isCache).split("=")[0];
  cases.acceptsCookies(server, "a cache as it was set", cookie, user.id, settings);
  const bad = changedCookie(cookie, name, forged);
  cases.refusesCookies(server, "an altered signature", bad, "bad_signature", settings);
  const alone = without(cookie, isSession);
  cases.refusesCookies(server, "without its session", alone, "missing_token", settings);
  const claimed = changedCookie(cookie, name, asSomebodyElse);
  cases.refusesCookies(server, "altered claims", claimed, "bad_signature", settings);
}

function asSomebodyElse(cache) {
  const [head, payload, signature] = cache.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
  claims.user.id = claims.session.userId = "someone-else";
  if (claims.sub) claims.sub = "someone-else";
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
      await over.server.ask("/sign-out", { method: "POST", headers: { cookie: over.ada.cookie } });
      cases.refusesCookies(over.server, "ended", over.ada.cookie, "missing_token", EXCHANGE);
    },
  },
  {
    option: "the exchange leaves the session's row alone",
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
      cases.holds(server, await server.token(ada), ada.user.id);
      exchanges(cases, server, ada);
    },
  },
  {
    option: "`bearer`",
    versions: ALL,
    async run(cases) {
      const { server, ada } = await signedUp(cases);
      cases.refuses(server, "a session as a token", ada.bearer, "opaque_token");
      const [raw] = ada.bearer.split(".");
      cases.refuses(server, "a session without its signature", raw, "opaque_token");
      const { token } = await server.json("/token", {
        headers: { authorization: `Bearer ${ada.bearer}` },
      });
      cases.holds(server, token, ada.user.id);
    },
  },
  {
    option: "`advanced.cookiePrefix`",
    versions: ALL,
    async run(cases) {
      const { server, ada } = await signedUp(cases, () => ({ advanced: { cookiePrefix: "acme" } }));
      exchanges(cases, server, ada, { COOKIE_PREFIX: "acme" });
      const settings = { ...EXCHANGE, COOKIE_PREFIX: "other" };
      cases.refusesCookies(server, "another prefix", ada.cookie, "missing_token", settings);
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
      cases.refusesCookies(server, "another secret", ada.cookie, "bad_signature", settings);
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
      cases.refuses(server, "the cache as a bearer token", token, "wrong_token_type");
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
      cases.refusesCookies(server, "another version", ada.cookie, "expired", BY_SECRET);
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
            story: { type: "string", defaultValue: () => "once upon a time ".repeat(300) },
          },
        },
      }));
      const chunks = ada.cookie.split("; ").filter(isCache);
      if (chunks.length < 2) throw new Error("the cache is in one piece");
      cases.acceptsCookies(server, "all chunks", ada.cookie, ada.user.id, BY_SECRET);
      const some = without(ada.cookie, (pair) => pair === chunks.at(-1));
      cases.refusesCookies(server, "a chunk is missing", some, "malformed_token", BY_SECRET);
      const both = { ...BY_SECRET, ...EXCHANGE };
      cases.acceptsCookies(server, "the exchange decides then", some, ada.user.id, both);
    },
  },
  ...["compact", "jwe"].map((strategy) => ({
    option: `\`cookieCache.strategy: "${strategy}"\`, refused`,
    versions: strategy === "jwe" ? from("1.4") : ALL,
    async run(cases) {
      const { server, ada } = await signedUp(cases, () => ({ session: cookieCache(strategy) }));
      cases.refusesCookies(server, "by secret", ada.cookie, "malformed_token", BY_SECRET);
      cases.refusesCookies(server, "by keys", ada.cookie, "malformed_token", BY_KEYS);
      const both = { ...BY_SECRET, ...EXCHANGE };
      cases.acceptsCookies(server, "the exchange decides then", ada.cookie, ada.user.id, both);
    },
  })),
];

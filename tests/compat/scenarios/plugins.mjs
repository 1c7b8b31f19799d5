/** Plugins that change how users sign in, or the claims of a token. */
import { Server, signedIn } from "../better-auth.mjs";
import { claims } from "../cases.mjs";
import { ALL } from "../versions.mjs";

const EXCHANGE = { SESSION_EXCHANGE: "true" };

const start = ({ library }, more) =>
  Server.start(library, () => ({
    plugins: [library.plugins.jwt(), ...more(library.plugins)],
  }));

export default [
  {
    option: "`organization`",
    versions: ALL,
    async run(cases) {
      const { library } = cases;
      const server = await Server.start(library, () => ({
        plugins: [
          library.plugins.organization(),
          library.plugins.jwt({
            jwt: {
              definePayload: ({ user, session }) => ({
                email: user.email,
                org: { id: session.activeOrganizationId, role: "owner" },
              }),
            },
          }),
        ],
      }));
      const ada = await server.signUp();
      const { cookie } = ada;
      const body = { name: "Acme", slug: "acme" };
      const { id } = await server.json("/organization/create", { body, headers: { cookie } });
      const active = { organizationId: id };
      await server.request("/organization/set-active", { body: active, headers: { cookie } });
      const token = await server.token(ada);
      if (claims(token).org.id !== id) throw new Error("no active organization");
      cases.verifies(server, token, ada.user.id);
      for (const [role, verdict] of [
        ["owner", "ok"],
        ["member", "insufficient_claims"],
      ]) {
        const ROUTES = JSON.stringify([{ path: "/*", claims: { "org.role": [role] } }]);
        if (verdict === "ok") cases.accepts(server, role, token, ada.user.id, { ROUTES });
        else cases.rejects(server, role, token, verdict, { ROUTES });
      }
    },
  },
  {
    option: "`admin`, several roles",
    versions: ALL,
    async run(cases) {
      const server = await start(cases, ({ admin }) => [admin()]);
      const ada = await server.signUp();
      server.database.user[0].role = "editor,admin";
      const token = await server.token(ada);
      if (claims(token).role !== "editor,admin") throw new Error("other roles");
      cases.verifies(server, token, ada.user.id);
      const requiring = (role) => ({
        ROUTES: JSON.stringify([{ path: "/*", claims: { role: [role] } }]),
      });
      cases.accepts(server, "one of the roles", token, ada.user.id, requiring("admin"));
      cases.rejects(server, "another role", token, "insufficient_claims", requiring("owner"));
      cases.rejects(server, "half a role", token, "insufficient_claims", requiring("adm"));
    },
  },
  {
    option: "`admin`, impersonation",
    versions: ALL,
    async run(cases) {
      const server = await start(cases, ({ admin }) => [admin()]);
      const ada = await server.signUp();
      const bob = await server.signUp("bob");
      server.database.user.find(({ id }) => id === ada.user.id).role = "admin";
      const body = { userId: bob.user.id };
      const headers = { cookie: ada.cookie };
      const as = await signedIn(await server.request("/admin/impersonate-user", { body, headers }));
      cases.verifies(server, await server.token(as), bob.user.id);
      cases.acceptsCookies(server, "by cookie", as.cookie, bob.user.id, EXCHANGE);
    },
  },
  {
    option: "`multiSession`",
    versions: ALL,
    async run(cases) {
      const server = await start(cases, ({ multiSession }) => [multiSession()]);
      const ada = await server.signUp();
      const bob = await server.signUp("bob");
      if (!/_multi-/.test(bob.cookie)) throw new Error(bob.cookie);
      cases.verifies(server, await server.token(bob), bob.user.id);
      const others = ada.cookie.split("; ").filter((pair) => /_multi-/.test(pair));
      const both = [bob.cookie, ...others].join("; ");
      cases.acceptsCookies(server, "the active session", both, bob.user.id, EXCHANGE);
      cases.rejectsCookies(server, "no active session", others[0], "missing_token", EXCHANGE);
    },
  },
  {
    option: "`anonymous`",
    versions: ALL,
    async run(cases) {
      const server = await start(cases, ({ anonymous }) => [anonymous()]);
      const guest = await signedIn(await server.request("/sign-in/anonymous", { method: "POST" }));
      const token = await server.token(guest);
      if (claims(token).isAnonymous !== true) throw new Error("not anonymous");
      cases.verifies(server, token, guest.user.id);
      cases.acceptsCookies(server, "by cookie", guest.cookie, guest.user.id, EXCHANGE);
    },
  },
  {
    option: "`apiKey`",
    versions: ALL,
    async run(cases) {
      const { library } = cases;
      const options = { enableSessionForAPIKeys: true, rateLimit: { enabled: false } };
      const server = await start(cases, ({ apiKey }) => [apiKey(options)]);
      const ada = await server.signUp();
      const headers = { cookie: ada.cookie };
      const { key } = await server.json("/api-key/create", { body: { name: "ci" }, headers });
      cases.rejects(server, "a key as a token", key, "opaque_token");
      const { token } = await server.json("/token", { headers: { "x-api-key": key } });
      cases.verifies(server, token, ada.user.id);
      if (library.version.startsWith("1.3.")) return;
      cases.rejects(server, "a key with dots", `a.${key}.b`, "malformed_token");
    },
  },
  {
    option: "`username`, `twoFactor`, `customSession`",
    versions: ALL,
    async run(cases) {
      const server = await start(cases, ({ username, twoFactor, customSession }) => [
        username(),
        twoFactor(),
        customSession(async (session) => ({ ...session, extra: true })),
      ]);
      const ada = await server.signUp("ada", { username: "ada" });
      cases.verifies(server, await server.token(ada), ada.user.id);
      cases.acceptsCookies(server, "by cookie", ada.cookie, ada.user.id, EXCHANGE);
    },
  },
];

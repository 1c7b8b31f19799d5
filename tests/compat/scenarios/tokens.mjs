/** Options of the jwt plugin, and options of Better Auth that change a session's JWT. */
import { randomUUID } from "node:crypto";
import { Server } from "../better-auth.mjs";
import { claims } from "../cases.mjs";
import { ALL, from } from "../versions.mjs";

const ALGORITHMS = ["EdDSA", "ES256", "ES512", "PS256", "RS256"];

/** A server with these options of the jwt plugin, one of its users, and the user's token. */
async function signedUp({ library }, jwt, more = () => ({})) {
  const server = await Server.start(library, (url) => ({
    plugins: [library.plugins.jwt(typeof jwt === "function" ? jwt(url) : jwt)],
    ...more(url),
  }));
  const ada = await server.signUp();
  return { server, ada, token: await server.token(ada) };
}

const algorithm = (alg) => ({
  option: `\`keyPairConfig.alg: "${alg}"\``,
  versions: ALL,
  async run(cases) {
    const { server, ada, token } = await signedUp(cases, { jwks: { keyPairConfig: { alg } } });
    cases.verifies(server, token, ada.user.id);
    const others = ALGORITHMS.filter((name) => name !== alg).join();
    const settings = { ALGORITHMS: others };
    cases.rejects(server, "not in ALGORITHMS", token, "unsupported_algorithm", settings);

    // another server with the same issuer, whose key has the same kid
    const twin = await signedUp(
      cases,
      { jwks: { keyPairConfig: { alg } }, jwt: { issuer: server.url, audience: server.url } },
      () => ({ user: { additionalFields: {} } }),
    );
    const [row] = twin.server.database.jwks;
    row.id = server.database.jwks[0].id;
    const twins = await twin.server.token(twin.ada);
    cases.rejects(server, "signed by another key with that kid", twins, "bad_signature");
  },
});

export default [
  ...ALGORITHMS.map(algorithm),
  {
    option: "`jwks.jwksPath`",
    versions: from("1.4"),
    async run(cases) {
      const jwksPath = "/.well-known/jwks.json";
      const { server, ada, token } = await signedUp(cases, { jwks: { jwksPath } });
      const settings = { JWKS_URL: `${server.base}${jwksPath}` };
      cases.verifies(server, token, ada.user.id, settings);
      cases.rejects(server, "without JWKS_URL", token, "keys_unavailable");
    },
  },
  {
    option: "`jwks.disablePrivateKeyEncryption`",
    versions: ALL,
    async run(cases) {
      const jwks = { disablePrivateKeyEncryption: true };
      const { server, ada, token } = await signedUp(cases, { jwks });
      cases.verifies(server, token, ada.user.id);
    },
  },
  {
    option: "`jwt.issuer`, `jwt.audience`",
    versions: ALL,
    async run(cases) {
      const issuer = "https://issuer.example";
      const audience = "https://api.example";
      const { server, ada, token } = await signedUp(cases, { jwt: { issuer, audience } });
      const settings = { ISSUER: issuer, AUDIENCE: audience };
      cases.verifies(server, token, ada.user.id, settings);
      cases.rejects(server, "the default issuer", token, "issuer_mismatch");
      const half = { ISSUER: issuer };
      cases.rejects(server, "the default audience", token, "audience_mismatch", half);
    },
  },
  {
    option: "`jwt.audience`, a list",
    versions: ALL,
    async run(cases) {
      const audience = ["https://one.example", "https://api.example"];
      const { server, ada, token } = await signedUp(cases, { jwt: { audience } });
      cases.verifies(server, token, ada.user.id, { AUDIENCE: "https://api.example" });
      cases.rejects(server, "the default audience", token, "audience_mismatch");
    },
  },
  {
    option: "`jwt.expirationTime`",
    versions: ALL,
    async run(cases) {
      const jwt = { expirationTime: "2h" };
      const { server, ada, token } = await signedUp(cases, { jwt });
      cases.verifies(server, token, ada.user.id);
      const settings = { MAX_TOKEN_LIFETIME: "900" };
      cases.rejects(server, "longer than MAX_TOKEN_LIFETIME", token, "invalid_claim", settings);
      const past = await signedUp(cases, { jwt: { expirationTime: "-1h" } });
      cases.rejects(past.server, "an hour ago", past.token, "expired");
    },
  },
  {
    option: "`jwt.definePayload`",
    versions: ALL,
    async run(cases) {
      const uuid = randomUUID();
      const jwt = { definePayload: () => ({ uuid, role: "editor", nested: { id: 1 } }) };
      const { server, ada, token } = await signedUp(cases, { jwt });
      cases.verifies(server, token, ada.user.id);
      cases.verifies(server, token, uuid, { USER_CLAIM: "uuid" });
      cases.rejects(server, "an absent claim", token, "missing_claim", {
        USER_CLAIM: "email",
      });
    },
  },
  {
    option: "`jwt.getSubject`",
    versions: ALL,
    async run(cases) {
      const jwt = { getSubject: ({ user }) => user.email };
      const { server, token } = await signedUp(cases, { jwt });
      cases.verifies(server, token, "ada@example.com");
    },
  },
  {
    option: "`advanced.database.generateId`, a function",
    versions: ALL,
    async run(cases) {
      let count = 0;
      const generateId = ({ model }) => `${model}:${++count}/ä`;
      const advanced = { database: { generateId } };
      const { server, ada, token } = await signedUp(cases, {}, () => ({ advanced }));
      cases.verifies(server, token, ada.user.id);
    },
  },
  {
    option: '`advanced.database.generateId: "uuid"`',
    versions: from("1.4"),
    async run(cases) {
      const advanced = { database: { generateId: "uuid" } };
      const { server, ada, token } = await signedUp(cases, {}, () => ({ advanced }));
      cases.verifies(server, token, ada.user.id);
    },
  },
  {
    option: '`advanced.database.generateId: "serial"` (1.3: `useNumberId`)',
    versions: ALL,
    async run(cases) {
      const database = cases.library.version.startsWith("1.3.")
        ? { useNumberId: true }
        : { generateId: "serial" };
      const { server, ada, token } = await signedUp(cases, {}, () => ({ advanced: { database } }));
      cases.verifies(server, token, claims(token).sub);
      if (String(ada.user.id) !== claims(token).sub) throw new Error("the subject is the id");
    },
  },
  {
    option: "`basePath`",
    versions: ALL,
    async run(cases) {
      const more = () => ({ basePath: "/identity/auth" });
      const { server, ada, token } = await signedUp(cases, {}, more);
      cases.verifies(server, token, ada.user.id, { BETTER_AUTH_URL: server.base });
      const settings = { BETTER_AUTH_BASE_PATH: "/identity/auth" };
      cases.verifies(server, token, ada.user.id, settings);
      cases.rejects(server, "the default base path", token, "keys_unavailable");
    },
  },
  {
    option: '`basePath: "/"`',
    versions: ALL,
    async run(cases) {
      const { server, ada, token } = await signedUp(cases, {}, () => ({ basePath: "/" }));
      cases.verifies(server, token, ada.user.id, { BETTER_AUTH_BASE_PATH: "/" });
    },
  },
  {
    option: "no database",
    versions: from("1.4"),
    async run(cases) {
      const more = () => ({ database: undefined });
      const { server, ada, token } = await signedUp(cases, {}, more);
      cases.verifies(server, token, ada.user.id);
    },
  },
];

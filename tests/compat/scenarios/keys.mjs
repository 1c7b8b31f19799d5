/** The server's keys, and their rotation. */
import { createPrivateKey, generateKeyPairSync, sign } from "node:crypto";
import { Server } from "../better-auth.mjs";
import { bearer, header } from "../cases.mjs";
import { ALL, from } from "../versions.mjs";

/** Sets the expiry of every key to `seconds` ago: the server makes a new key for its next token. */
function expire(server, seconds = 1) {
  for (const row of server.database.jwks) row.expiresAt = new Date(Date.now() - seconds * 1000);
}

async function signedUp({ library }, jwt = {}) {
  const server = await Server.start(library, () => ({ plugins: [library.plugins.jwt(jwt)] }));
  const ada = await server.signUp();
  return { server, ada, token: await server.token(ada) };
}

const ROTATION = { jwks: { rotationInterval: 3600, gracePeriod: 3600 } };

export default [
  {
    option: "`jwks.rotationInterval`",
    versions: from("1.4"),
    async run(cases) {
      const { server, ada, token } = await signedUp(cases, ROTATION);
      const before = JSON.stringify(await server.json("/jwks"));
      expire(server);
      const next = await server.token(ada);
      if (header(next).kid === header(token).kid) throw new Error("no new key");
      const after = JSON.stringify(await server.json("/jwks"));
      const url = `${server.base}/jwks`;
      const user = ada.user.id;
      const publish = (set) => ({ publish: { url, body: set } });
      cases.add(server, "a rotation", {}, [
        { headers: bearer(token), expected: "ok", user, ...publish(before) },
        { headers: bearer(next), expected: "ok", user, ...publish(after) },
        { headers: bearer(token), expected: "ok", user },
      ]);
      cases.add(server, "a key that is not published yet", {}, [
        { headers: bearer(next), expected: "unknown_key", ...publish(before) },
        { headers: bearer(token), expected: "ok", user },
      ]);
      const empty = '{"keys":[]}';
      cases.add(server, "an empty set", {}, [
        { headers: bearer(token), expected: "unknown_key", ...publish(empty) },
      ]);
    },
  },
  {
    option: "`jwks.gracePeriod`",
    versions: from("1.4"),
    async run(cases) {
      const { server, ada, token } = await signedUp(cases, ROTATION);
      expire(server, 1800);
      const next = await server.token(ada);
      cases.accepts(server, "a token of the previous key", token, ada.user.id);
      cases.verifies(server, next, ada.user.id);

      const late = await signedUp(cases, ROTATION);
      expire(late.server, 7200);
      const latest = await late.server.token(late.ada);
      cases.rejects(late.server, "a token after the grace period", late.token, "unknown_key");
      cases.accepts(late.server, "a token of the new key", latest, late.ada.user.id);
    },
  },
  {
    option: "a key replaced under its old kid",
    versions: ALL,
    async run(cases) {
      const database = cases.library.version.startsWith("1.3.")
        ? { useNumberId: true }
        : { generateId: "serial" };
      const { library } = cases;
      const start = () =>
        Server.start(library, () => ({
          plugins: [library.plugins.jwt({ jwt: { issuer: ISSUER, audience: ISSUER } })],
          advanced: { database },
        }));
      const [first, second] = [await start(), await start()];
      const [ada, again] = [await first.signUp(), await second.signUp()];
      const [token, next] = [await first.token(ada), await second.token(again)];
      if (header(token).kid !== header(next).kid) throw new Error("the kids differ");
      const url = `${first.base}/jwks`;
      const set = async (server) => JSON.stringify(await server.json("/jwks"));
      const user = String(ada.user.id);
      cases.add(first, "the new key is fetched", { ISSUER, AUDIENCE: ISSUER }, [
        { headers: bearer(token), expected: "ok", user, publish: { url, body: await set(first) } },
        { headers: bearer(next), expected: "ok", user, publish: { url, body: await set(second) } },
      ]);
    },
  },
  {
    option: "`jwks.keyPairConfigs`",
    versions: ["1.7"],
    async run(cases) {
      const keyPairConfigs = [{ alg: "ES256" }, { alg: "RS256" }];
      const { server, ada, token } = await signedUp(cases, { jwks: { keyPairConfigs } });
      for (const { alg } of keyPairConfigs) {
        const { createJwk } = cases.library.plugins;
        const context = { context: await server.auth.$context };
        await createJwk(context, { jwks: { keyPairConfig: { alg } } });
      }
      cases.verifies(server, token, ada.user.id);
    },
  },
  {
    option: "`jwt.sign` with `jwks.remoteUrl`",
    versions: from("1.4"),
    async run(cases) {
      const { library } = cases;
      const { publicKey, privateKey } = generateKeyPairSync("ed25519");
      const key = createPrivateKey(privateKey.export({ format: "pem", type: "pkcs8" }));
      const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
      const server = await Server.start(library, (url) => ({
        plugins: [
          library.plugins.jwt({
            jwks: { remoteUrl: `${url}/keys.json`, keyPairConfig: { alg: "EdDSA" } },
            jwt: {
              sign(payload) {
                const head = encoded({ alg: "EdDSA", kid: "kms", typ: "JWT" });
                const input = `${head}.${encoded(payload)}`;
                return `${input}.${sign(null, Buffer.from(input), key).toString("base64url")}`;
              },
            },
          }),
        ],
      }));
      const ada = await server.signUp();
      const jwk = { ...publicKey.export({ format: "jwk" }), alg: "EdDSA", kid: "kms" };
      const JWKS_URL = `${server.url}/keys.json`;
      server.published.set(JWKS_URL, JSON.stringify({ keys: [jwk] }));
      cases.verifies(server, await server.token(ada), ada.user.id, { JWKS_URL });
    },
  },
];

const ISSUER = "https://issuer.example";

/** Tokens that Better Auth issues as an OAuth server, which are not session tokens. */
import { createHash, randomBytes } from "node:crypto";
import { Server } from "../better-auth.mjs";
import { claims, header } from "../cases.mjs";
import { from, until } from "../versions.mjs";

const CALLBACK = "https://client.example/callback";
const SCOPE = "openid profile email offline_access";

/** The tokens of the authorization code flow with PKCE, for a client that has consent. */
async function authorized(server, { cookie }, client, resource) {
  const verifier = randomBytes(32).toString("base64url");
  const query = new URLSearchParams({
    client_id: client.client_id,
    response_type: "code",
    redirect_uri: CALLBACK,
    scope: SCOPE,
    state: "state",
    nonce: "a nonce",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    prompt: "consent",
    ...(resource && { resource }),
  });
  const headers = { cookie };
  const response = await server.request(`/oauth2/authorize?${query}`, { headers });
  let place = await location(response);
  const first = new URL(place, server.url);
  if (!place.startsWith(CALLBACK)) {
    const consent_code = first.searchParams.get("consent_code");
    const body = { accept: true, oauth_query: first.search.slice(1) };
    const more = consent_code ? { accept: true, consent_code } : body;
    place = await location(await server.request("/oauth2/consent", { body: more, headers }));
  }
  const code = new URL(place).searchParams.get("code");
  if (!code) throw new Error(`no code: ${place}`);
  return server.json("/oauth2/token", {
    form: {
      grant_type: "authorization_code",
      code,
      redirect_uri: CALLBACK,
      code_verifier: verifier,
      client_id: client.client_id,
      client_secret: client.client_secret,
      ...(resource && { resource }),
    },
  });
}

async function location(response) {
  const header = response.headers.get("location");
  if (header) return header;
  const body = await response.json();
  return body.url ?? body.redirectURI ?? body.redirect_uri ?? body.uri;
}

/** A server with the OAuth provider, and the tokens of a client for this resource. */
async function provider(cases, resource) {
  const { library } = cases;
  const { jwt, oauthProvider } = library.plugins;
  const isNewest = library.version.startsWith("1.7.");
  const server = await Server.start(library, (url) => ({
    plugins: [
      jwt({ disableSettingJwtHeader: true }),
      oauthProvider({
        loginPage: "/sign-in",
        consentPage: "/consent",
        silenceWarnings: { oauthAuthServerConfig: true, openidConfig: true },
        ...(isNewest
          ? { resources: [resource(url)], enforcePerClientResources: false }
          : { validAudiences: [resource(url)] }),
      }),
    ],
  }));
  const ada = await server.signUp();
  const body = {
    redirect_uris: [CALLBACK],
    client_name: "a client",
    token_endpoint_auth_method: "client_secret_post",
    scope: SCOPE,
  };
  const client = await server.json("/oauth2/create-client", {
    body,
    headers: { cookie: ada.cookie },
  });
  const tokens = await authorized(server, ada, client, resource(server.url));
  return { server, ada, client, tokens };
}

export default [
  {
    option: "`oauthProvider`, access tokens with PROFILE = `access-token`",
    versions: ["1.7"],
    async run(cases) {
      const API = "https://api.example";
      const { server, ada, tokens } = await provider(cases, () => API);
      const token = tokens.access_token;
      if (header(token).typ !== "at+jwt") throw new Error("another type");
      const audiences = [claims(token).aud].flat();
      const settings = { PROFILE: "access-token", AUDIENCE: API };
      cases.add(server, "an unchanged token", settings, [
        { headers: { authorization: `Bearer ${token}` }, expected: "ok", user: ada.user.id },
      ]);
      const other = { PROFILE: "access-token", AUDIENCE: "https://other.example" };
      cases.rejects(server, "for another resource", token, "audience_mismatch", other);
      if (!audiences.includes(API)) throw new Error(`for ${audiences}`);
      const session = await server.token(ada);
      cases.rejects(server, "a session's token", session, "wrong_token_type", settings);
      cases.rejects(server, "an id token", tokens.id_token, "wrong_token_type", settings);
    },
  },
  {
    option: "`oauthProvider`, access tokens are not session tokens",
    versions: from("1.4"),
    async run(cases) {
      const { server, tokens } = await provider(cases, (url) => url);
      const token = tokens.access_token;
      if (token.split(".").length !== 3) throw new Error("an opaque access token");
      const settings = { ISSUER: `${server.url},${server.base}` };
      cases.rejects(server, "for this server", token, "wrong_token_type", settings);
      cases.rejects(server, "by default", token, "wrong_token_type");
      cases.rejects(server, "a refresh token", tokens.refresh_token, "opaque_token");
    },
  },
  {
    option: "`oauthProvider`, id tokens are not session tokens",
    versions: from("1.4"),
    async run(cases) {
      const { server, client, tokens } = await provider(cases, (url) => url);
      const token = tokens.id_token;
      const settings = { ISSUER: claims(token).iss, AUDIENCE: client.client_id };
      cases.rejects(server, "for the client", token, "wrong_token_type", settings);
      cases.rejects(server, "by default", token, "wrong_token_type");
    },
  },
  {
    option: "`oidcProvider`, id tokens are not session tokens",
    versions: until("1.6"),
    async run(cases) {
      const { library } = cases;
      const { jwt, oidcProvider } = library.plugins;
      const client = { client_id: "a-client", client_secret: "a secret of a client" };
      const server = await Server.start(library, () => ({
        plugins: [
          jwt(),
          oidcProvider({
            loginPage: "/sign-in",
            useJWTPlugin: true,
            trustedClients: [
              {
                clientId: client.client_id,
                clientSecret: client.client_secret,
                name: "a client",
                type: "web",
                redirectURLs: [CALLBACK],
                redirectUrls: [CALLBACK],
                disabled: false,
                metadata: null,
                skipConsent: true,
              },
            ],
          }),
        ],
      }));
      const ada = await server.signUp();
      const tokens = await authorized(server, ada, client);
      const token = tokens.id_token;
      const settings = { ISSUER: claims(token).iss, AUDIENCE: client.client_id };
      cases.rejects(server, "for the client", token, "wrong_token_type", settings);
      cases.rejects(server, "by default", token, "wrong_token_type");
      cases.rejects(server, "an access token", tokens.access_token, "opaque_token");
    },
  },
];

/** Runs a released Better Auth on loopback, with users in memory. */
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

export const SECRET = "a secret for tests, long enough to pass";

/** Loads the modules of the version in `directory`. */
export async function load(directory, version) {
  const parent = pathToFileURL(join(directory, "package.json")).href;
  const load = (name) => import(import.meta.resolve(name, parent));
  const optional = async (name) =>
    existsSync(join(directory, "node_modules", name)) ? load(name) : {};
  const { betterAuth } = await load("better-auth");
  const { memoryAdapter } = await load("better-auth/adapters/memory");
  const plugins = {
    ...(await load("better-auth/plugins")),
    ...(await optional("@better-auth/api-key")),
    ...(await optional("@better-auth/oauth-provider")),
  };
  return { version, betterAuth, memoryAdapter, plugins };
}

/** Tables of every plugin in use. */
const TABLES = `user session account verification jwks organization member invitation team apikey
  rateLimit oauthApplication oauthClient oauthAccessToken oauthRefreshToken oauthConsent oauthResource
  oauthClientResource oauthClientAssertion`.split(/\s+/);

/** A running server. */
export class Server {
  /**
   * @param options a function from the server's origin to Better Auth's options without `database`
   */
  static async start({ betterAuth, memoryAdapter }, options) {
    const server = new Server();
    await server.#listen();
    const own = options(server.url);
    server.database = Object.fromEntries(TABLES.map((name) => [name, []]));
    server.auth = betterAuth({
      baseURL: server.url,
      secret: SECRET,
      database: memoryAdapter(server.database),
      emailAndPassword: { enabled: true },
      logger: { level: "error" },
      rateLimit: { enabled: false },
      telemetry: { enabled: false },
      ...own,
    });
    const path = own.basePath ?? "/api/auth";
    /** Better Auth's own base URL. */
    server.base = `${server.url}${path === "/" ? "" : path}`;
    return server;
  }

  /** Documents that replace the server's own key set, by URL. */
  published = new Map();

  /** Functions that return the body for a path of the tests, by URL. */
  custom = new Map();

  async #listen() {
    this.listener = createServer((incoming, outgoing) => {
      this.#respond(incoming, outgoing).catch((error) => {
        console.error(error);
        outgoing.writeHead(500).end();
      });
    });
    this.listener.listen(0, "127.0.0.1");
    await once(this.listener, "listening");
    this.url = `http://127.0.0.1:${this.listener.address().port}`;
  }

  async #respond(incoming, outgoing) {
    const body = Buffer.concat(await incoming.toArray());
    const url = `${this.url}${incoming.url}`;
    // lets the tests replace a key set
    if (incoming.method === "PUT") this.published.set(url, body.toString());
    const custom = this.custom.get(url);
    if (custom) return outgoing.end(custom());
    const response = this.published.has(url)
      ? new Response(this.published.get(url), { headers: { "content-type": "application/json" } })
      : await this.auth.handler(
          new Request(url, {
            method: incoming.method,
            headers: Object.entries(incoming.headers),
            body: body.length > 0 ? body : undefined,
          }),
        );
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    outgoing.end(Buffer.from(await response.arrayBuffer()));
  }

  /** Sends a request to Better Auth. Throws on an error response. */
  async request(path, { method, headers, body, form } = {}) {
    const response = await this.auth.handler(
      new Request(`${this.base}${path}`, {
        method: method ?? (body || form ? "POST" : "GET"),
        headers: {
          origin: this.url,
          ...(body && { "content-type": "application/json" }),
          ...headers,
        },
        body: form ? new URLSearchParams(form) : body && JSON.stringify(body),
      }),
    );
    if (response.status >= 400) {
      throw new Error(`${path}: ${response.status} ${await response.text()}`);
    }
    return response;
  }

  /** Sends a request and returns the JSON of the response. */
  async json(path, options) {
    return (await this.request(path, options)).json();
  }

  /** Signs up a new user. Returns the user and the browser's cookies. */
  async signUp(name = "ada", more = {}) {
    const body = { email: `${name}@example.com`, password: "correct horse", name, ...more };
    return signedIn(await this.request("/sign-up/email", { body }));
  }

  /** Signs in an existing user. */
  async signIn(name = "ada", more = {}) {
    const body = { email: `${name}@example.com`, password: "correct horse", ...more };
    return signedIn(await this.request("/sign-in/email", { body }));
  }

  /** A new session token of this session. */
  async token({ cookie }) {
    return (await this.json("/token", { headers: { cookie } })).token;
  }

  /** The database row of a session. */
  row({ session }) {
    return this.database.session.find(({ token }) => token === session);
  }
}

/** The result of a sign-in: the user, the cookies, and the bearer plugin's token. */
export async function signedIn(response) {
  const cookies = new Map();
  for (const cookie of response.headers.getSetCookie()) {
    const [pair] = cookie.split(";");
    const name = pair.slice(0, pair.indexOf("="));
    cookies.delete(name);
    if (!/; Max-Age=0/i.test(cookie)) cookies.set(name, pair);
  }
  const { user, token } = await response.json();
  return {
    user,
    cookie: [...cookies.values()].join("; "),
    session: token,
    bearer: response.headers.get("set-auth-token"),
  };
}

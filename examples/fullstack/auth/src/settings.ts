/** The server's settings, read from the environment. One error lists all that are wrong. */
import { isIP } from "node:net";
import { fileURLToPath } from "node:url";
import { isPostgres } from "./database.ts";

/** Valid settings. */
export interface Settings {
  /** The address to listen on. */
  host: string;
  /** The port to listen on; with 0, the system chooses a free one. */
  port: number;
  /** Signs cookies and encrypts the private keys in the database. */
  secret: string;
  /** The server's public origin; `undefined` for the address it listens on. */
  baseURL: string | undefined;
  /** The `file:` or `postgresql:` URL of the database. */
  databaseURL: string;
  /** Origins whose pages may call this server, in addition to the base URL's. */
  trustedOrigins: string[];
  /** Addresses and CIDR ranges of the proxies whose `X-Forwarded-For` the server trusts. */
  trustedProxies: string[];
  /** The key that signs the cookie cache; `undefined` for no cookie cache. */
  cookieCache: CookieCache | undefined;
  /** The edge's origin, which learns when a session ends; `undefined` for no edge. */
  edgeURL: string | undefined;
  /** Whether to add the endpoints of the demo page. Only on loopback, and never in production. */
  demo: boolean;
  /** Whether the server stops when its standard input closes. */
  exitWithParent: boolean;
}

/** Better Auth's published keys, or its secret. */
export type CookieCache = "jwks" | "secret";

/** Settings are wrong. The message lists all errors. */
export class SettingsError extends Error {
  override name = "SettingsError";

  constructor(errors: string[]) {
    super(`Better Auth is misconfigured:\n${errors.map((error) => `  ${error}`).join("\n")}`);
  }
}

const MIN_SECRET_LENGTH = 32;
const WILDCARD_HOSTS = ["0.0.0.0", "::"];

// in the package's directory, so that every command uses the same file
const DEFAULT_DATABASE = `file:${fileURLToPath(new URL("../data/auth.db", import.meta.url))}`;

/**
 * Reads the settings from environment variables. An empty variable counts as absent.
 *
 * @throws {SettingsError} if any are wrong
 */
export function readSettings(env: Record<string, string | undefined>): Settings {
  const errors: string[] = [];

  const host = env.HOST || "127.0.0.1";

  const port = Number(env.PORT || "3000");
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    errors.push(`PORT: expected a number from 0 to 65535, got ${JSON.stringify(env.PORT)}`);
  }

  // messages never contain the secret, because they may be logged
  const secret = env.BETTER_AUTH_SECRET ?? "";
  if (secret === "") {
    errors.push(`BETTER_AUTH_SECRET: required, at least ${MIN_SECRET_LENGTH} characters`);
  } else if (secret.length < MIN_SECRET_LENGTH) {
    errors.push(
      `BETTER_AUTH_SECRET: expected at least ${MIN_SECRET_LENGTH} characters, got ${secret.length}`,
    );
  }

  const baseURL = env.BETTER_AUTH_URL ? toOrigin(env.BETTER_AUTH_URL) : undefined;
  if (env.BETTER_AUTH_URL && baseURL === undefined) {
    errors.push(
      `BETTER_AUTH_URL: expected an http(s) origin without a path, got ${JSON.stringify(env.BETTER_AUTH_URL)}`,
    );
  } else if (!env.BETTER_AUTH_URL && WILDCARD_HOSTS.includes(host)) {
    // the base URL becomes the tokens' issuer, which a wildcard address cannot be
    errors.push(`BETTER_AUTH_URL: required when HOST is ${host}`);
  }

  const edgeURL = env.EDGE_URL ? toOrigin(env.EDGE_URL) : undefined;
  if (env.EDGE_URL && edgeURL === undefined) {
    errors.push(
      `EDGE_URL: expected an http(s) origin without a path, got ${JSON.stringify(env.EDGE_URL)}`,
    );
  }

  const databaseURL = env.DATABASE_URL || DEFAULT_DATABASE;
  if (!/^file:./.test(databaseURL) && !isPostgres(databaseURL)) {
    // the message does not contain the URL, which may contain a password
    errors.push("DATABASE_URL: expected a file: or postgresql: URL");
  }

  const trustedOrigins: string[] = [];
  for (const entry of list(env.BETTER_AUTH_TRUSTED_ORIGINS)) {
    const origin = toOrigin(entry);
    if (origin === undefined) {
      errors.push(
        `BETTER_AUTH_TRUSTED_ORIGINS: expected http(s) origins without a path, got ${JSON.stringify(entry)}`,
      );
    } else {
      trustedOrigins.push(origin);
    }
  }

  const trustedProxies = list(env.BETTER_AUTH_TRUSTED_PROXIES);
  for (const proxy of trustedProxies.filter((proxy) => !isAddressRange(proxy))) {
    errors.push(
      `BETTER_AUTH_TRUSTED_PROXIES: expected IP addresses or CIDR ranges, got ${JSON.stringify(proxy)}`,
    );
  }

  const cookieCache = env.COOKIE_CACHE || undefined;
  if (cookieCache !== undefined && cookieCache !== "jwks" && cookieCache !== "secret") {
    errors.push(`COOKIE_CACHE: expected jwks or secret, got ${JSON.stringify(cookieCache)}`);
    throw new SettingsError(errors);
  }

  const demo = env.DEMO === "1";
  if (demo) errors.push(...demoErrors(env, { host, baseURL, edgeURL, trustedOrigins }));

  if (errors.length > 0) throw new SettingsError(errors);

  const exitWithParent = env.EXIT_WITH_PARENT === "1";
  return {
    host,
    port,
    secret,
    baseURL,
    databaseURL,
    trustedOrigins,
    trustedProxies,
    cookieCache,
    edgeURL,
    demo,
    exitWithParent,
  };
}

/** Why the demo's endpoints may not exist here: other computers could call them. */
function demoErrors(
  { NODE_ENV }: Record<string, string | undefined>,
  { host, baseURL, edgeURL, trustedOrigins }: Partial<Settings>,
): string[] {
  const origins = [`http://${host?.includes(":") ? `[${host}]` : host}`, baseURL, edgeURL];
  const isLocal = [...origins, ...(trustedOrigins ?? [])].every(isLoopback);
  return [
    ...(isLocal ? [] : ["DEMO: 1 requires that HOST and every URL are loopback addresses"]),
    ...(NODE_ENV === "production" ? ["DEMO: 1 is not possible with NODE_ENV production"] : []),
  ];
}

/** Whether an origin is this computer's. An absent one counts as such. */
function isLoopback(origin: string | undefined): boolean {
  if (origin === undefined) return true;
  if (!URL.canParse(origin)) return false;
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(origin).hostname);
}

/** Splits a comma-separated list. */
function list(text = ""): string[] {
  return text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}

/**
 * Whether the text is an address or a CIDR range: `192.0.2.1`, `10.0.0.0/8`, `fd00::/8`. A range of
 * all addresses is not allowed, because every client would be a trusted proxy.
 */
function isAddressRange(text: string): boolean {
  const [address = "", bits, ...others] = text.split("/");
  const family = isIP(address);
  if (family === 0 || others.length > 0) return false;
  if (bits === undefined) return true;
  return /^\d{1,3}$/.test(bits) && Number(bits) > 0 && Number(bits) <= (family === 4 ? 32 : 128);
}

/** The URL's origin; `undefined` if it is not an http(s) URL or contains more than an origin. */
function toOrigin(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { origin, href, protocol } = new URL(url);
  if (protocol !== "http:" && protocol !== "https:") return undefined;
  return href === `${origin}/` ? origin : undefined;
}

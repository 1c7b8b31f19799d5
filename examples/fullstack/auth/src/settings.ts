/**
 * The server's settings, read from the environment once and checked as a whole: what is wrong is
 * said in one go, not one restart at a time.
 */
import { isIP } from "node:net";
import { fileURLToPath } from "node:url";
import { isPostgres } from "./database.ts";

/** Settings that have been checked. */
export interface Settings {
  /** Address to listen on. */
  host: string;
  /** Port to listen on; 0 lets the system choose a free one. */
  port: number;
  /** Signs cookies and encrypts the private keys in the database. */
  secret: string;
  /** Origin under which clients reach the server; undefined means the address it listens on. */
  baseURL: string | undefined;
  /** `file:` or `postgresql:` URL of the database. */
  databaseURL: string;
  /** Origins besides the base URL's own whose pages may call this server. */
  trustedOrigins: string[];
  /** Addresses and CIDR ranges of the proxies in front, whose X-Forwarded-For is believed. */
  trustedProxies: string[];
  /** What signs the session in a cookie of its own; undefined for no such cookie. */
  cookieCache: CookieCache | undefined;
  /** Whether the server stops when its standard input closes. */
  exitWithParent: boolean;
}

/** Better Auth's published keys, or its secret. */
export type CookieCache = "jwks" | "secret";

/** The environment does not make valid settings; the message lists every fault. */
export class SettingsError extends Error {
  override name = "SettingsError";

  constructor(faults: string[]) {
    super(`Better Auth is misconfigured:\n${faults.map((fault) => `  ${fault}`).join("\n")}`);
  }
}

const MIN_SECRET_LENGTH = 32;
const WILDCARD_HOSTS = ["0.0.0.0", "::"];

// Beside this package, so that every command finds the same file from wherever it is run.
const DEFAULT_DATABASE = `file:${fileURLToPath(new URL("../data/auth.db", import.meta.url))}`;

/**
 * Reads the settings from environment variables; an empty one counts as absent.
 *
 * @throws {SettingsError} listing every fault found.
 */
export function readSettings(env: Record<string, string | undefined>): Settings {
  const faults: string[] = [];

  const host = env.HOST || "127.0.0.1";

  const port = Number(env.PORT || "3000");
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    faults.push(`PORT: expected a number from 0 to 65535, got ${JSON.stringify(env.PORT)}`);
  }

  // The value itself never appears in a message: messages end up in logs.
  const secret = env.BETTER_AUTH_SECRET ?? "";
  if (secret === "") {
    faults.push(`BETTER_AUTH_SECRET: required, at least ${MIN_SECRET_LENGTH} characters`);
  } else if (secret.length < MIN_SECRET_LENGTH) {
    faults.push(
      `BETTER_AUTH_SECRET: expected at least ${MIN_SECRET_LENGTH} characters, got ${secret.length}`,
    );
  }

  const baseURL = env.BETTER_AUTH_URL ? toOrigin(env.BETTER_AUTH_URL) : undefined;
  if (env.BETTER_AUTH_URL && baseURL === undefined) {
    faults.push(
      `BETTER_AUTH_URL: expected an http(s) origin without a path, got ${JSON.stringify(env.BETTER_AUTH_URL)}`,
    );
  } else if (!env.BETTER_AUTH_URL && WILDCARD_HOSTS.includes(host)) {
    // The base URL becomes the tokens' issuer, and "every address" is no address.
    faults.push(`BETTER_AUTH_URL: required when HOST is ${host}`);
  }

  const databaseURL = env.DATABASE_URL || DEFAULT_DATABASE;
  if (!/^file:./.test(databaseURL) && !isPostgres(databaseURL)) {
    // not shown: it may be a URL with a password and a slip
    faults.push("DATABASE_URL: expected a file: or postgresql: URL");
  }

  const trustedOrigins: string[] = [];
  for (const entry of list(env.BETTER_AUTH_TRUSTED_ORIGINS)) {
    const origin = toOrigin(entry);
    if (origin === undefined) {
      faults.push(
        `BETTER_AUTH_TRUSTED_ORIGINS: expected http(s) origins without a path, got ${JSON.stringify(entry)}`,
      );
    } else {
      trustedOrigins.push(origin);
    }
  }

  const trustedProxies = list(env.BETTER_AUTH_TRUSTED_PROXIES);
  for (const proxy of trustedProxies.filter((proxy) => !isAddressRange(proxy))) {
    faults.push(
      `BETTER_AUTH_TRUSTED_PROXIES: expected IP addresses or CIDR ranges, got ${JSON.stringify(proxy)}`,
    );
  }

  const cookieCache = env.COOKIE_CACHE || undefined;
  if (cookieCache !== undefined && cookieCache !== "jwks" && cookieCache !== "secret") {
    faults.push(`COOKIE_CACHE: expected jwks or secret, got ${JSON.stringify(cookieCache)}`);
    throw new SettingsError(faults);
  }

  if (faults.length > 0) throw new SettingsError(faults);

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
    exitWithParent,
  };
}

/** What stands between commas. */
function list(text = ""): string[] {
  return text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}

/** `192.0.2.1`, `10.0.0.0/8`, `fd00::/8`; not a range of all addresses: anyone could forward then. */
function isAddressRange(text: string): boolean {
  const [address = "", bits, ...others] = text.split("/");
  const family = isIP(address);
  if (family === 0 || others.length > 0) return false;
  if (bits === undefined) return true;
  return /^\d{1,3}$/.test(bits) && Number(bits) > 0 && Number(bits) <= (family === 4 ? 32 : 128);
}

/** The URL's origin, or undefined if it is no http(s) URL or says more than an origin. */
function toOrigin(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { origin, href, protocol } = new URL(url);
  if (protocol !== "http:" && protocol !== "https:") return undefined;
  return href === `${origin}/` ? origin : undefined;
}

/**
 * Configures Better Auth for an application that has its own user IDs. Users sign in with email and
 * password and have two identities: Better Auth's `id` is an opaque string, and the application's
 * rows belong to a `uuid`. Tokens contain both.
 */
import { randomUUID } from "node:crypto";
import { type BetterAuthOptions, betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { bearer, jwt } from "better-auth/plugins";
import { edge } from "better-auth-edge/better-auth";
import { CLIENT_ADDRESS } from "./client-address.ts";
import type { Database } from "./database.ts";
import { demo } from "./demo.ts";
import type { CookieCache } from "./settings.ts";

/** The parameters of {@link createAuth}. */
export interface AuthDependencies {
  /** The server's public origin: the tokens' issuer and audience. */
  baseURL: string;
  /** At least 32 characters. */
  secret: string;
  /** Origins whose pages may call this server, in addition to the base URL's. */
  trustedOrigins: string[];
  /** Addresses and CIDR ranges of the proxies whose `X-Forwarded-For` the server trusts. */
  trustedProxies: string[];
  /** The key that signs the cookie cache. Default: no cookie cache. */
  cookieCache?: CookieCache | undefined;
  /** The origin of the edge, which learns when a session ends. `[]`: no edge. */
  edgeURL?: string | string[] | undefined;
  /** Whether to add the endpoints of the demo page. Default: `false`. */
  demo?: boolean;
  /** An open database, whose tables are migrated. */
  database: Pick<Database, "adapter">;
}

/**
 * The number of requests that an address can send in a time window, which each request restarts:
 * after ten wrong passwords, the address must wait for a minute.
 */
const PASSWORD_RULES = {
  "/sign-in/*": { window: 60, max: 10 },
  "/sign-up/*": { window: 60, max: 100 },
  "/change-password": { window: 60, max: 10 },
  "/change-email": { window: 60, max: 10 },
  "/verify-password": { window: 60, max: 10 },
  "/delete-user": { window: 60, max: 10 },
} as const;

/**
 * The edge and Next.js send requests without a password for all their users. The edge sends the
 * client's address with a session exchange, but Better Auth trusts it only from a trusted proxy.
 */
const edgeRules = (trustedProxies: string[]) => ({
  "/jwks": false as const,
  "/token": trustedProxies.length > 0 && { window: 10, max: 100 },
  "/get-session": false as const,
});

/** Migrates the database's tables, then creates Better Auth on it. */
export async function createAuth(dependencies: AuthDependencies) {
  const options = authOptions(dependencies);

  // before betterAuth(), so that the tables exist when the server uses them
  const { runMigrations } = await getMigrations(options);
  await runMigrations();

  return betterAuth(options);
}

function authOptions(dependencies: AuthDependencies) {
  const { baseURL, secret, trustedOrigins, trustedProxies, cookieCache, database } = dependencies;
  const { edgeURL, demo: isDemo = false } = dependencies;
  return {
    baseURL,
    secret,
    trustedOrigins,
    database: database.adapter,
    // the migrations have checked the schema; Better Auth's own check runs in the background, and
    // would fail when a short command closes the database first
    advanced: {
      database: { validateSchema: false },
      ipAddress: { ipAddressHeaders: [CLIENT_ADDRESS], trustedProxies },
    },
    emailAndPassword: { enabled: true },
    rateLimit: {
      // by default it is on only if NODE_ENV is production, which `npm start` does not set
      enabled: true,
      customRules: { ...PASSWORD_RULES, ...edgeRules(trustedProxies) },
    },
    session: { cookieCache: { enabled: cookieCache !== undefined, strategy: "jwt" } },
    user: {
      additionalFields: {
        uuid: {
          type: "string",
          // users cannot choose their uuid: Better Auth rejects a request with one
          input: false,
          unique: true,
          defaultValue: () => randomUUID(),
        },
      },
    },
    plugins: [
      jwt({
        sessionCookieCache: cookieCache === "jwks",
        jwks: { keyPairConfig: { alg: "EdDSA", crv: "Ed25519" } },
        jwt: {
          // by default a token contains the whole user record
          definePayload: ({ user }) => ({
            uuid: user.uuid,
            id: user.id,
            email: user.email,
            name: user.name,
          }),
        },
      }),
      // adds the session to tokens, and tells the edge when one ends
      edge({ edgeURL }),
      // accepts the session token of clients without cookies: `Authorization: Bearer …`
      bearer(),
      ...(isDemo ? [demo()] : []),
    ],
  } satisfies BetterAuthOptions;
}

/**
 * Better Auth as an application with a history configures it: users sign in with email and
 * password, and have two identities. Better Auth's own `id` is an opaque string; the application's
 * rows belong to a `uuid`. Tokens carry both.
 */
import { randomUUID } from "node:crypto";
import { type BetterAuthOptions, betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { bearer, jwt } from "better-auth/plugins";
import { CLIENT_ADDRESS } from "./client-address.ts";
import type { Database } from "./database.ts";
import type { CookieCache } from "./settings.ts";

/** What the authentication depends on. */
export interface AuthDependencies {
  /** Origin under which clients reach the server; the tokens' issuer and audience. */
  baseURL: string;
  /** At least 32 characters. */
  secret: string;
  /** Origins besides the base URL's own whose pages may call this server. */
  trustedOrigins: string[];
  /** Addresses and CIDR ranges of the proxies in front, whose X-Forwarded-For is believed. */
  trustedProxies: string[];
  /** What signs the session in a cookie of its own, if there is one. */
  cookieCache?: CookieCache | undefined;
  /** An open database; its tables are brought up to date. */
  database: Pick<Database, "adapter">;
}

/**
 * How many requests an address may send: the window in seconds begins anew with each. Ten wrong
 * passwords, then a minute's pause.
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
 * What carries no password comes from the edge and from Next.js for all their users. The edge says for
 * whom it asks for a token, but only a proxy that is trusted is believed.
 */
const edgeRules = (trustedProxies: string[]) => ({
  "/jwks": false as const,
  "/token": trustedProxies.length > 0 && { window: 10, max: 100 },
  "/get-session": false as const,
});

/** Brings the database's tables up to date, then sets up Better Auth on it. */
export async function createAuth(dependencies: AuthDependencies) {
  const options = authOptions(dependencies);

  // Before betterAuth(), so that the tables exist when the server uses them.
  const { runMigrations } = await getMigrations(options);
  await runMigrations();

  return betterAuth(options);
}

function authOptions(dependencies: AuthDependencies) {
  const { baseURL, secret, trustedOrigins, trustedProxies, cookieCache, database } = dependencies;
  return {
    baseURL,
    secret,
    trustedOrigins,
    database: database.adapter,
    // The migrations have just seen to the schema. Better Auth's own check would run in the
    // background, and fail when a short command closes the database before it is through.
    advanced: {
      database: { validateSchema: false },
      ipAddress: { ipAddressHeaders: [CLIENT_ADDRESS], trustedProxies },
    },
    emailAndPassword: { enabled: true },
    rateLimit: {
      // By itself it is on in production alone, and `npm start` does not say that it is that.
      enabled: true,
      customRules: { ...PASSWORD_RULES, ...edgeRules(trustedProxies) },
    },
    session: { cookieCache: { enabled: cookieCache !== undefined, strategy: "jwt" } },
    user: {
      additionalFields: {
        uuid: {
          type: "string",
          // Users cannot choose their uuid: one in a request's body is rejected.
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
          // The default is the whole user record in every request's header.
          definePayload: ({ user }) => ({
            uuid: user.uuid,
            id: user.id,
            email: user.email,
            name: user.name,
          }),
        },
      }),
      // Lets clients without cookies present the session token: `Authorization: Bearer ...`.
      bearer(),
    ],
  } satisfies BetterAuthOptions;
}

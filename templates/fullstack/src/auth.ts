/** Better Auth's options. They name no part of Cloudflare, so that Node can read them too. */
import type { BetterAuthOptions } from "better-auth";
import { jwt } from "better-auth/plugins";
import { edge } from "better-auth-edge/better-auth";

/** What the options depend on. */
export interface AuthSettings {
  /** The Worker's own address. */
  baseURL: string;
  /** At least 32 characters. */
  secret: string;
  database: NonNullable<BetterAuthOptions["database"]>;
  /** Reaches the edge, which learns when a session ends. */
  fetch: typeof fetch;
  /** Keeps the Worker alive until a task is done. */
  waitUntil: (task: Promise<unknown>) => void;
}

/** Makes the options. After a change of plugins, `npm run schema` prints the missing tables. */
export function authOptions({ baseURL, secret, database, fetch, waitUntil }: AuthSettings) {
  return {
    baseURL,
    secret,
    database,
    emailAndPassword: { enabled: true },
    // in the database, because each isolate has a memory of its own. The edge fetches the keys
    rateLimit: { enabled: true, storage: "database", customRules: { "/jwks": false } },
    advanced: {
      // Cloudflare sets the header, and a client cannot
      ipAddress: { ipAddressHeaders: ["cf-connecting-ip"] },
      backgroundTasks: { handler: waitUntil },
      database: { validateSchema: false },
    },
    plugins: [
      // an API may trust the email of a token, so it contains only one that its owner has confirmed
      jwt({
        jwt: {
          definePayload: ({ user: { email, emailVerified, name } }) => ({
            name,
            ...(emailVerified && { email }),
          }),
        },
      }),
      edge({ edgeURL: baseURL, fetch, waitUntil }),
    ],
  } satisfies BetterAuthOptions;
}

import { createAuthMiddleware } from "better-auth/api";
import { apiKeyOf, exchangeApiKey, sessionIdOf } from "./api-keys.ts";
import {
  type AuthContext,
  type EndpointContext,
  type JwtOptions,
  jwtOptionsOf,
  type Row,
  subjectOf,
} from "./better-auth.ts";
import { extendPayload } from "./claims.ts";
import { Delivery } from "./delivery.ts";
import { databaseHooks, watchStorage } from "./ended-sessions.ts";
import type { EdgeEvent } from "./event-token.ts";
import { type EdgeOptions, edgeOrigins } from "./options.ts";
import { UUID_SCHEMA } from "./uuid.ts";

/**
 * A plugin for Better Auth, from version 1.4. It gives the tokens of the `jwt` plugin the claims
 * that the edge uses, exchanges API keys for tokens, and tells the edge when a session ends.
 *
 * ```ts
 * plugins: [jwt({}), edge({ edgeURL: "https://edge.example.com" })]
 * ```
 *
 * @throws if `edgeURL` is not an origin. Better Auth fails to start without `jwt` and its options.
 */
export function edge(options: EdgeOptions = {}) {
  const edges = edgeOrigins(options);
  let jwt: JwtOptions = {};
  let delivery: Delivery | undefined;
  /** The `kid` of the last token. */
  let kid: string | undefined;
  const send = (event: EdgeEvent) => delivery?.send(event);

  return {
    id: "better-auth-edge",
    ...(options.uuid ? { schema: UUID_SCHEMA } : {}),

    init(context: AuthContext) {
      jwt = jwtOptionsOf(context);
      extendPayload(context, jwt, options);
      delivery = new Delivery(context, jwt, {
        edges,
        fetch: options.fetch ?? ((...request) => fetch(...request)),
        waitUntil: options.waitUntil ?? context.runInBackground ?? (() => {}),
      });
      if (edges.length > 0) watchStorage(context, jwt, send);
      const ends = options.endSessionsOnPasswordChange !== false;
      return {
        options: {
          ...(ends && { emailAndPassword: { revokeSessionsOnPasswordReset: true } }),
          databaseHooks: databaseHooks(jwt, send),
        },
      };
    },

    hooks: {
      before: [
        {
          matcher: (endpoint: EndpointContext) => apiKeyOf(endpoint) !== undefined,
          handler: handler((endpoint) => {
            const key = apiKeyOf(endpoint);
            return key === undefined ? undefined : exchangeApiKey(endpoint, jwt, key);
          }),
        },
        {
          matcher: ({ path }: EndpointContext) =>
            path === "/change-password" && options.endSessionsOnPasswordChange !== false,
          handler: handler(async ({ body }) => ({
            context: { body: { ...body, revokeOtherSessions: true } },
          })),
        },
      ],
      after: [
        {
          matcher: ({ path }: EndpointContext) => path === "/token",
          handler: handler(async ({ context }) => {
            const current = kidOf((context.returned as Row | undefined)?.token);
            if (current === undefined || current === kid) return;
            if (kid !== undefined) send({ type: "keys", not_before: Date.now() / 1000 });
            kid = current;
          }),
        },
        {
          matcher: ({ path }: EndpointContext) =>
            path === "/api-key/delete" || path === "/api-key/update",
          handler: handler(async ({ path, body, context }) => {
            const isEnded = path === "/api-key/delete" || body?.enabled === false;
            if (!isEnded || context.returned instanceof Error || !body?.keyId) return;
            const { session } = context as { session?: { user: Row & { id: string } } };
            const user = session?.user ?? { id: String(body.userId) };
            const sub = await subjectOf(jwt, { user, session: { id: "" } });
            send({ type: "session", sid: sessionIdOf(body.keyId), sub });
          }),
        },
      ],
    },
  };
}

/** A hook of Better Auth. Its types differ between versions. */
function handler(run: (endpoint: EndpointContext) => Promise<unknown> | undefined) {
  // biome-ignore lint/suspicious/noExplicitAny: what Better Auth passes
  return createAuthMiddleware(async (endpoint: any) => run(endpoint) as any);
}

/** The `kid` of a token. */
function kidOf(token: unknown): string | undefined {
  if (typeof token !== "string") return undefined;
  try {
    const header = (token.split(".")[0] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const { kid } = JSON.parse(atob(header));
    return typeof kid === "string" ? kid : undefined;
  } catch {
    return undefined;
  }
}

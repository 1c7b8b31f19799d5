import { BetterAuthError } from "better-auth";
import { createAuthMiddleware } from "better-auth/api";
import { apiKeyOf, exchangeApiKey, takeOverTokens } from "./api-keys.ts";
import { type AuthContext, type EndpointContext, pluginOf, type Row } from "./better-auth.ts";
import { extendPayload } from "./claims.ts";
import { Delivery } from "./delivery.ts";
import { afterTokensOfNow, EndedSessions } from "./ended-sessions.ts";
import type { Occurrence } from "./event.ts";
import { JwtPlugin } from "./jwt-plugin.ts";
import { type EdgeOptions, edgeOrigins, uuidField } from "./options.ts";
import { endSessionsOf, PASSWORD_PATHS } from "./passwords.ts";
import { sidOfApiKey } from "./session-id.ts";
import { SigningKeys } from "./signing-keys.ts";
import { type UuidSchema, uuidHooks, uuidSchema } from "./uuid.ts";

/**
 * A plugin for Better Auth. It gives the tokens of the `jwt` plugin the claims that the edge uses,
 * exchanges API keys for tokens, and tells the edge when a session ends.
 *
 * ```ts
 * plugins: [jwt(), edge({ edgeURL: "https://edge.example.com" })]
 * ```
 *
 * @throws {BetterAuthError} if `edgeURL` is not an origin. Better Auth fails to start without
 *   `jwt`, or with `edgeURL` before version 1.4.
 */
export function edge<const Options extends EdgeOptions>(
  options: Options = {} as Options,
): EdgePlugin<Options> {
  const edges = edgeOrigins(options);
  const field = uuidField(options);
  const endsSessions = options.endSessionsOnPasswordChange !== false;
  let running: Running | undefined;
  /** What `init` has made: Better Auth calls it before any request. */
  const plugin = () => running as Running;

  return {
    id: "better-auth-edge",
    schema: (field ? uuidSchema(field) : {}) as EdgePlugin<Options>["schema"],

    init(context: AuthContext) {
      running = start(context, options, edges);
      const { ended } = running;
      if (edges.length > 0) ended.watchStorage();
      return {
        options: {
          ...(endsSessions && { emailAndPassword: { revokeSessionsOnPasswordReset: true } }),
          databaseHooks: merged(
            field ? uuidHooks(() => context, field) : {},
            edges.length > 0 ? ended.hooks() : {},
          ),
        },
      };
    },

    hooks: {
      before: [
        {
          matcher: ({ path }: EndpointContext) => path === "/token",
          handler: handler(async (endpoint) => {
            const { jwt, keys } = plugin();
            const key = apiKeyOf(endpoint, options);
            if (key === undefined) return jwt.token(endpoint);
            const token = await exchangeApiKey(endpoint, jwt, key);
            await keys.used(token);
            return endpoint.json({ token });
          }),
        },
        {
          matcher: ({ path }: EndpointContext) => path === "/change-password" && endsSessions,
          handler: handler(async ({ body }) => ({
            context: { body: { ...body, revokeOtherSessions: true } },
          })),
        },
      ],
      after: [
        {
          matcher: ({ path }: EndpointContext) => path === "/token",
          handler: handler(async ({ context }) => {
            await plugin().keys.used((context.returned as Row | undefined)?.token);
          }),
        },
        {
          matcher: ({ path }: EndpointContext) => endsSessions && PASSWORD_PATHS.has(path ?? ""),
          handler: handler(endSessionsOf),
        },
        {
          matcher: ({ path }: EndpointContext) =>
            path === "/api-key/delete" || path === "/api-key/update",
          handler: handler(async (endpoint) => {
            const { jwt, send } = plugin();
            const event = await endedApiKey(endpoint, jwt);
            if (event) send(event);
          }),
        },
      ],
    },
  };
}

/** The plugin as Better Auth's options take it. Better Auth's own types differ between versions. */
export interface EdgePlugin<Options extends EdgeOptions = EdgeOptions> {
  id: "better-auth-edge";
  /** The user's field `uuid`, if it is on. */
  schema: Options extends { uuid: true } ? UuidSchema : Record<never, never>;
  // biome-ignore lint/suspicious/noExplicitAny: Better Auth's context
  init: (context: any) => any;
  hooks: { before: PluginHook[]; after: PluginHook[] };
}

/** A function that runs before or after endpoints of Better Auth. */
export interface PluginHook {
  // biome-ignore lint/suspicious/noExplicitAny: Better Auth's context of an endpoint
  matcher: (endpoint: any) => boolean;
  // biome-ignore lint/suspicious/noExplicitAny: Better Auth's middleware
  handler: any;
}

/** The plugin in an instance of Better Auth. */
interface Running {
  jwt: JwtPlugin;
  keys: SigningKeys;
  ended: EndedSessions;
  send: (occurrence: Occurrence) => void;
}

function start(context: AuthContext, options: EdgeOptions, edges: string[]): Running {
  if (edges.length > 0 && context.version === undefined) {
    throw new BetterAuthError("better-auth-edge: edgeURL requires Better Auth 1.4 or later");
  }
  if (options.organizations && !pluginOf(context, "organization")) {
    throw new BetterAuthError("better-auth-edge: the organization plugin is missing");
  }
  const jwt = new JwtPlugin(context);
  extendPayload(context, jwt.options, options);
  takeOverTokens(context, options);
  // before version 1.4, no edge can be told
  if (options.edgeURL === undefined && context.version !== undefined) context.logger.warn(UNTOLD);
  const delivery = new Delivery(context, jwt, {
    edges,
    fetch: options.fetch ?? ((...request) => fetch(...request)),
    waitUntil: options.waitUntil ?? context.runInBackground ?? (() => {}),
  });
  const send = (occurrence: Occurrence) => delivery.send(occurrence);
  return {
    jwt,
    send,
    keys: new SigningKeys(context, send),
    ended: new EndedSessions(context, jwt, send),
  };
}

const UNTOLD =
  "better-auth-edge: no edge is told when a session ends: set edgeURL to the edge's EDGE_ISSUER, " +
  "or to [] if that is meant";

/** The end of an API key that was deleted, or of the tokens of one that was disabled. */
async function endedApiKey(
  { path, body, context }: EndpointContext,
  jwt: JwtPlugin,
): Promise<Occurrence | undefined> {
  const isDeleted = path === "/api-key/delete";
  const isEnded = isDeleted || body?.enabled === false;
  if (!isEnded || context.returned instanceof Error || !body?.keyId) return undefined;
  const updated = context.returned as Row | undefined;
  const owner =
    updated?.referenceId ?? updated?.userId ?? context.session?.user.id ?? body.userId ?? "";
  const user = await context.internalAdapter.findUserById(String(owner));
  // a key of an organization: the exchange refuses it
  if (!user) return undefined;
  const sid = sidOfApiKey(body.keyId);
  const sub = await jwt.subject({ user, session: { id: sid } });
  const event = { type: "session" as const, sid, sub };
  // a disabled key can be enabled again
  return { event: isDeleted ? event : { ...event, not_before: afterTokensOfNow() } };
}

/** Hooks of the database, by model, operation and time. No two of one kind have the same time. */
type Hooks = Record<string, Record<string, Record<string, unknown>>>;

function merged(...all: Hooks[]): Hooks {
  const result: Hooks = {};
  for (const hooks of all) {
    for (const [model, operations] of Object.entries(hooks)) {
      result[model] = { ...result[model], ...operations };
    }
  }
  return result;
}

/** A hook of Better Auth. Its types differ between versions. */
function handler(run: (endpoint: EndpointContext) => Promise<unknown> | undefined) {
  // biome-ignore lint/suspicious/noExplicitAny: what Better Auth passes
  return createAuthMiddleware(async (endpoint: any) => run(endpoint) as any) as unknown;
}

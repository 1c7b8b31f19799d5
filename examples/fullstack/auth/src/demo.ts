/**
 * The endpoints of the demo page "See the edge at work": they make credentials that no browser can
 * make. Only `DEMO=1` adds them, and each acts for the user of the request's own session.
 */
import type { BetterAuthPlugin } from "better-auth";
import { APIError, createAuthEndpoint, sensitiveSessionMiddleware } from "better-auth/api";
import { getJwtToken, type JwtOptions } from "better-auth/plugins/jwt";
import { retireKeys } from "./signing-keys.ts";

const HOUR = 60 * 60;
const QUARTER = 15 * 60;

const POST = { method: "POST" as const, use: [sensitiveSessionMiddleware] };

/** Creates the plugin. */
export function demo() {
  return {
    id: "demo",
    endpoints: {
      /** Returns a token of the user that expired 45 minutes ago: `{ token }`. */
      expiredToken: createAuthEndpoint("/demo/expired-token", POST, async (endpoint) => {
        const jwt = endpoint.context.options.plugins?.find(({ id }) => id === "jwt");
        if (!jwt) throw new APIError("NOT_FOUND");
        const options = jwt.options as JwtOptions;
        const iat = Math.floor(Date.now() / 1000) - HOUR;
        const definePayload: NonNullable<JwtOptions["jwt"]>["definePayload"] = async (session) => ({
          ...(await options.jwt?.definePayload?.(session)),
          iat,
          exp: iat + QUARTER,
        });
        const token = await getJwtToken(endpoint, {
          ...options,
          jwt: { ...options.jwt, definePayload },
        });
        return endpoint.json({ token });
      }),

      /** Signs the user in once more, as on another device: `{ sessionToken }`. */
      secondSession: createAuthEndpoint("/demo/second-session", POST, async (endpoint) => {
        const { user } = endpoint.context.session;
        const { token } = await endpoint.context.internalAdapter.createSession(user.id, true);
        return endpoint.json({ sessionToken: token });
      }),

      /** Retires the signing keys, as `npm run rotate-keys` does: `{ retired }`, their number. */
      rotateKeys: createAuthEndpoint("/demo/rotate-keys", POST, async (endpoint) => {
        return endpoint.json({ retired: await retireKeys(endpoint.context.adapter) });
      }),
    },
    rateLimit: [{ pathMatcher: (path) => path.startsWith("/demo/"), window: 60, max: 60 }],
  } satisfies BetterAuthPlugin;
}

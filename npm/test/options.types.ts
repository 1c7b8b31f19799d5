// What the types of options accept. Only tsc checks this file.
import type { FetchImplementation, GatewayOptions, VerifierOptions } from "better-auth-edge";
import type { MiddlewareOptions } from "better-auth-edge/next";

const baseURL = "https://app.example.com";
const secret = process.env.SECRET;

// an environment variable that may be unset, a string, bytes
({ cookieCache: "secret", secret }) satisfies GatewayOptions;
({ cookieCache: "secret", secret: new Uint8Array(32) }) satisfies GatewayOptions;
({ baseURL, secret: "s", sessionExchange: true }) satisfies MiddlewareOptions;
({ sessionCookieName: "sid", cookieCacheName: "sid-cache" }) satisfies GatewayOptions;
({ baseURL, cookiePrefix: undefined, sessionCookieName: secret }) satisfies MiddlewareOptions;
// @ts-expect-error a secret is not a number
({ secret: 1 }) satisfies GatewayOptions;
// @ts-expect-error one name, not several
({ sessionCookieName: ["sid"] }) satisfies GatewayOptions;
// @ts-expect-error the option does not exist
({ sessionCookie: "sid" }) satisfies GatewayOptions;
// @ts-expect-error neither jwks nor secret
({ cookieCache: "hmac" }) satisfies GatewayOptions;

// the runtime's fetch, a wrapper, and one with a narrower type
({ baseURL, fetch }) satisfies VerifierOptions;
({ baseURL, fetch: globalThis.fetch }) satisfies MiddlewareOptions;
({ fetch: async (url, init) => fetch(`${url}?`, init ?? {}) }) satisfies GatewayOptions;
({ baseURL, fetch: async () => Response.json({ keys: [] }) }) satisfies VerifierOptions;
((url: string) => fetch(url)) satisfies FetchImplementation;
// @ts-expect-error not a function
({ baseURL, fetch: "https://proxy.example" }) satisfies VerifierOptions;
// @ts-expect-error does not return a response
({ fetch: async () => "{}" }) satisfies GatewayOptions;

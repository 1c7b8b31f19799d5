// What the types of options accept: checked by tsc alone.
import type { FetchImplementation, GatewayOptions, VerifierOptions } from "better-auth-edge";
import type { MiddlewareOptions } from "better-auth-edge/next";

const baseURL = "https://app.example.com";
const secret = process.env.SECRET;

// a variable that may be unset, a text, bytes
({ cookieCache: "secret", secret }) satisfies GatewayOptions;
({ cookieCache: "secret", secret: new Uint8Array(32) }) satisfies GatewayOptions;
({ baseURL, secret: "s", sessionExchange: true }) satisfies MiddlewareOptions;
({ sessionCookieName: "sid", cookieCacheName: "sid-cache" }) satisfies GatewayOptions;
({ baseURL, cookiePrefix: undefined, sessionCookieName: secret }) satisfies MiddlewareOptions;
// @ts-expect-error a number is no secret
({ secret: 1 }) satisfies GatewayOptions;
// @ts-expect-error one name, not several
({ sessionCookieName: ["sid"] }) satisfies GatewayOptions;
// @ts-expect-error misspelt
({ sessionCookie: "sid" }) satisfies GatewayOptions;
// @ts-expect-error neither jwks nor secret
({ cookieCache: "hmac" }) satisfies GatewayOptions;

// the runtime's own, one that is written here, and one with less to say
({ baseURL, fetch }) satisfies VerifierOptions;
({ baseURL, fetch: globalThis.fetch }) satisfies MiddlewareOptions;
({ fetch: async (url, init) => fetch(`${url}?`, init ?? {}) }) satisfies GatewayOptions;
({ baseURL, fetch: async () => Response.json({ keys: [] }) }) satisfies VerifierOptions;
((url: string) => fetch(url)) satisfies FetchImplementation;
// @ts-expect-error no function
({ baseURL, fetch: "https://proxy.example" }) satisfies VerifierOptions;
// @ts-expect-error gives no response
({ fetch: async () => "{}" }) satisfies GatewayOptions;

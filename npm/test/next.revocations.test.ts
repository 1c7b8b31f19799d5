/** The middleware with a store of ended sessions. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createMiddleware, type MiddlewareOptions, memoryRevocations } from "better-auth-edge/next";
import { type NextFetchEvent, NextRequest } from "next/server.js";
import { AUTH, authorization, claims, now, signer, verifierOptions } from "./fixtures.ts";
import { token } from "./tokens.ts";

const APP = "https://app.example";
const EVENTS = `${APP}/.well-known/better-auth-edge/events`;

/** Sends a request to a middleware. */
function server(more: Partial<MiddlewareOptions> = {}) {
  const middleware = createMiddleware({ ...verifierOptions, logLevel: "none", ...more });
  return (url: string, init: ConstructorParameters<typeof NextRequest>[1] = {}) =>
    middleware(new NextRequest(url, init), { waitUntil() {} } as unknown as NextFetchEvent);
}

function message(aud: string): string {
  const events = [{ type: "user", sub: "user-1", not_before: now }];
  const times = { iat: now, exp: now + 120 };
  const all = { iss: AUTH, aud, jti: `message-${Math.random()}`, ...times, events };
  return token(signer, all, { typ: "edge-event+jwt" });
}

const post = (body: string) => ({
  method: "POST",
  headers: { "content-type": "application/jwt" },
  body,
});

test("the middleware receives messages, and then refuses the session", async () => {
  const send = server({ revocations: memoryRevocations(), edgeIssuer: APP });
  const session = { ...claims, sid: "one", session_iat: now - 60 };
  const headers = { authorization: `Bearer ${token(signer, session)}` };
  assert.equal((await send(`${APP}/api/a`, { headers })).status, 200);
  assert.equal((await send(EVENTS, post(message("https://other.example")))).status, 401);
  assert.equal((await send(`${APP}/api/a`, { headers })).status, 200);

  const received = await send(EVENTS, post(message(APP)));
  assert.deepEqual([received.status, received.body], [204, null]);
  const refused = await send(`${APP}/api/a`, { headers });
  assert.deepEqual([refused.status, (await refused.json()).code], [401, "session_revoked"]);
  const navigation = { headers: { ...headers, "sec-fetch-dest": "document" } };
  const redirected = await send(`${APP}/page`, navigation);
  assert.equal(redirected.headers.get("location"), `${APP}/sign-in?next=%2Fpage`);
  const later = { ...session, sid: "two", session_iat: now + 1 };
  const signedIn = { authorization: `Bearer ${token(signer, later)}` };
  assert.equal((await send(`${APP}/api/a`, { headers: signedIn })).status, 200);
});

test("the application's own POST requests keep their bodies", async () => {
  const send = server({ revocations: memoryRevocations(), edgeIssuer: APP });
  const body = new ReadableStream(
    {
      pull() {
        assert.fail("the middleware has read a body that is not for it");
      },
    },
    { highWaterMark: 0 },
  );
  const response = await send(`${APP}/api/a`, {
    method: "POST",
    headers: { authorization },
    body,
    // required for a stream as body; TypeScript's DOM types lack it
    ...{ duplex: "half" },
  });
  assert.equal(response.status, 200);
});

test("without a store, messages are not found", async () => {
  const send = server();
  assert.equal((await send(EVENTS, post(message(APP)))).status, 404);
});

// Requests of attackers to the application.
import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { before, test } from "node:test";
import { type BrowserUser, send, signUp } from "./http.ts";

const OTHER_USER = "0f8fad5b-d9cb-469f-a165-70867728950e";

/**
 * @param base returns the URL of the running application
 * @param buildId returns Next's build ID
 * @param belowIndex the paths of the pages below /index
 */
export function attacks(base: () => string, buildId: () => string, belowIndex: string[]): void {
  let ada: BrowserUser;
  let bob: BrowserUser;
  before(async () => {
    [ada, bob] = [await signUp(base()), await signUp(base())];
  });

  test("without a session, an API returns a problem response and a page redirects to the sign-in page", async () => {
    const api = await send(base(), "/api/me");
    assert.equal(api.status, 401);
    assert.equal(api.json().code, "missing_token");
    assert.match(String(api.headers["www-authenticate"]), /^Bearer/);
    const page = await send(base(), "/tasks?a=b&c=d");
    assert.equal(page.status, 307);
    assert.equal(site(page.headers.location), "/sign-in?next=%2Ftasks%3Fa%3Db%26c%3Dd");
    const posted = await send(base(), "/tasks", {}, { method: "POST" });
    assert.equal(posted.json().code, "missing_token");
  });

  test("a session cookie is enough for pages, for route handlers and for FastAPI", async () => {
    const me = await send(base(), "/api/me", { cookie: ada.cookie });
    assert.equal((me.json().user as { id: string }).id, ada.uuid);
    const page = await send(base(), "/me", { cookie: ada.cookie });
    assert.ok(page.text.includes(ada.uuid), page.text);
    const tasks = await send(base(), `/api/${ada.uuid}/tasks`, { cookie: ada.cookie });
    assert.deepEqual([tasks.status, tasks.text], [200, "[]"]);
  });

  test("a JWT and a session token are accepted as bearer, and a false session token is not", async () => {
    const { token } = (await send(base(), "/api/auth/token", { cookie: ada.cookie })).json() as {
      token: string;
    };
    const me = await send(base(), "/api/me", { authorization: `Bearer ${token}` });
    assert.equal((me.json().user as { id: string }).id, ada.uuid);
    const session = await send(base(), "/api/me", { authorization: `Bearer ${ada.session}` });
    assert.equal((session.json().user as { id: string }).id, ada.uuid);
    const altered = `${ada.session.slice(0, -4)}AAAA`;
    const refused = await send(base(), "/api/me", { authorization: `Bearer ${altered}` });
    assert.deepEqual([refused.status, refused.json().code], [401, "missing_token"]);
  });

  test("user A never reaches user B's path", async () => {
    const tasks = await send(base(), `/api/${bob.uuid}/tasks`, { cookie: ada.cookie });
    assert.deepEqual([tasks.status, tasks.json().code], [403, "user_mismatch"]);
  });

  test("a page of another site cannot change anything with the user's cookie", async () => {
    const headers = { cookie: ada.cookie, "content-type": "application/json" };
    const post = (origin: string) => {
      const body = '{"title":"a task"}';
      return send(
        base(),
        `/api/${ada.uuid}/tasks`,
        { ...headers, origin },
        { method: "POST", body },
      );
    };
    assert.equal((await post("https://evil.example")).json().code, "cross_site_request");
    assert.equal((await post("null")).json().code, "cross_site_request");
    assert.equal((await post(base())).status, 201);
  });

  test("headers that only the edge may send are removed from every request", async () => {
    const forged = {
      "x-edge-user": OTHER_USER,
      x_edge_user: OTHER_USER,
      "x-edge-anything": "a",
      "x-edge-jwt-assertion": forgedAssertion(),
    };
    const seen = await send(base(), "/seen/public", forged);
    assert.equal(seen.json().user, null);
    const names = Object.keys(seen.json().headers as object);
    assert.deepEqual(
      names.filter((name) => /^x.edge/.test(name)),
      [],
    );
    const own = await send(base(), "/seen/required", { ...forged, cookie: ada.cookie });
    assert.equal((own.json().user as { id: string }).id, ada.uuid);
    assert.equal((own.json().headers as Record<string, string>)["x-edge-user"], ada.uuid);
  });

  test("on paths without the middleware, no identity header is trusted", async () => {
    const assertions = [forgedAssertion(), "a.b.c", ada.session, ""];
    for (const assertion of assertions) {
      const headers = { "x-edge-user": OTHER_USER, "x-edge-jwt-assertion": assertion };
      const seen = await send(base(), "/seen/outside", { ...headers, cookie: ada.cookie });
      assert.deepEqual([seen.status, seen.json().user], [200, null], assertion);
    }
  });

  test("Next's own headers do not bypass the middleware", async () => {
    const names = ["middleware", "src/middleware", "proxy", "src/proxy", "pages/_middleware"];
    const values = names.flatMap((name) => [name, Array(6).fill(name).join(":")]);
    for (const value of values) {
      const response = await send(base(), "/api/me", { "x-middleware-subrequest": value });
      assert.equal(response.status, 401, value);
    }
    for (const [name, value] of [
      ["x-middleware-next", "1"],
      ["x-middleware-rewrite", "/"],
      ["x-middleware-override-headers", "x-edge-user"],
      ["x-middleware-request-x-edge-user", OTHER_USER],
      ["x-middleware-invoke", "1"],
      ["x-invoke-path", "/seen/public"],
      ["x-matched-path", "/seen/public"],
      ["x-nextjs-data", "1"],
      ["x-now-route-matches", "1"],
      ["rsc", "1"],
      ["next-router-prefetch", "1"],
    ] as const) {
      const response = await send(base(), "/seen/required", { [name]: value });
      assert.ok([307, 401].includes(response.status), `${name}: ${response.status}`);
      // with some of these headers, Next responds without a body
      const { text } = await send(base(), "/seen/public", { [name]: value });
      assert.ok(text === "" || JSON.parse(text).user === null, `${name}: ${text}`);
    }
  });

  test("no spelling of a path bypasses the rules or leads to another site", async () => {
    for (const path of [
      "/api/me/",
      "//api/me",
      "/./api/me",
      "/x/../api/me",
      "/%61pi/me",
      "/api%2Fme",
      "/api\\me",
      "/API/ME",
      "/api/me.rsc",
      "/tasks.rsc",
      "/tasks.segments/_tree.segment.rsc",
      "/_next/data/build/tasks.json",
      "/_next/static/../../api/me",
      "/_next/static/%2e%2e/%2e%2e/api/me",
      "/_next/static/..%2f..%2fapi/me",
      "/_next/image?url=%2Fapi%2Fme&w=64&q=75",
      "/sign-in/../api/me",
      "/seen/public/../required",
      "//evil.example",
      "//evil.example/%2e%2e",
      "/\\evil.example",
      "/%5cevil.example",
      "/.//evil.example",
      "/%2f%2fevil.example",
      "/%09/evil.example",
    ]) {
      const response = await send(base(), path);
      const { status, headers, text } = response;
      assert.ok([301, 307, 308, 400, 401, 404, 500].includes(status), `${path}: ${status} ${text}`);
      if (headers.location) {
        const to = site(headers.location);
        const next = new URL(to, base()).searchParams.get("next") ?? "/";
        assert.match(to, /^\/(?![/\\])/, path);
        assert.match(next, /^\/(?![/\\])/, path);
      }
    }
  });

  test("a data request never returns a page below /index as the public root page", async () => {
    const data = `/_next/data/${buildId()}`;
    const paths = [
      "/index",
      "/index/",
      "/index/more",
      "/index.rsc",
      "/index.segments/_tree.segment.rsc",
      `${data}/index.json`,
      `${data}/index/index.json`,
      `${data}/index/more.json`,
      `${data}/index/index/more.json`,
      `${data}/index/index/index.json`,
      `${data}/index/tasks.json`,
      `${data}/tasks.json`,
      "/_next/data/x/index/index.json",
      "/?_rsc=x",
    ];
    const kinds = [{}, { "x-nextjs-data": "1" }, { rsc: "1" }, { rsc: "1", "x-nextjs-data": "1" }];
    for (const path of paths) {
      for (const headers of kinds as Record<string, string>[]) {
        const { text } = await send(base(), path, headers);
        const shown = `${path} ${JSON.stringify(headers)}: ${text}`;
        assert.doesNotMatch(text, /a page under index|Tasks of/, shown);
      }
    }
    for (const path of belowIndex) {
      const own = await send(base(), path, { cookie: ada.cookie });
      assert.match(own.text, /a page under index/, path);
    }
  });

  test("pages for signed-in users are not stored by shared caches, even if the build rendered them", async () => {
    for (const path of ["/static", "/me"]) {
      assert.equal((await send(base(), path)).status, 307);
      const { status, headers } = await send(base(), path, { cookie: ada.cookie });
      assert.equal(status, 200);
      assert.match(String(headers["cache-control"]), /private.*no-store/, path);
    }
  });

  test("the edge publishes its public keys", async () => {
    const response = await send(base(), "/.well-known/better-auth-edge/jwks.json");
    const [key] = response.json().keys as Record<string, string>[];
    assert.equal(key?.crv, "Ed25519");
    assert.equal(key?.d, undefined);
  });

  /** A redirect's target, which must be on this site. */
  function site(location: unknown): string {
    const url = new URL(String(location), base());
    assert.equal(url.hostname.replace("localhost", "127.0.0.1"), "127.0.0.1", String(location));
    return String(location).replace(/^https?:\/\/[^/]+/, "");
  }
}

/** An assertion as the edge signs it, but with another key. */
function forgedAssertion(): string {
  const { privateKey } = generateKeyPairSync("ed25519");
  const now = Math.floor(Date.now() / 1000);
  const APP = "better-auth-edge:app";
  const claims = { iss: APP, aud: APP, sub: OTHER_USER, iat: now, exp: now + 60, claims: {} };
  return jws({ alg: "EdDSA", typ: "edge-assertion+jwt" }, claims, privateKey);
}

function jws(header: object, claims: object, key: KeyObject): string {
  const encoded = [header, claims].map((part) => Buffer.from(JSON.stringify(part)));
  const input = encoded.map((part) => part.toString("base64url")).join(".");
  return `${input}.${sign(null, Buffer.from(input), key).toString("base64url")}`;
}

/** Attacks on `verifyRequest`: a `Host` that chooses the path, and options that are taken for others. */
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import net from "node:net";
import { after, before, describe, test } from "node:test";
import { createVerifier, type GatewayOptions, type RequestHead } from "better-auth-edge";
import { newSigner, token } from "./tokens.ts";

const AUTH = "https://auth.example";
const signer = newSigner("ES256");
const now = Math.floor(Date.now() / 1000);
const claims = { iss: AUTH, aud: AUTH, sub: "user-1", iat: now, exp: now + 600 };
const authorization = `Bearer ${token(signer, claims)}`;
const rules: GatewayOptions = {
  routes: [
    { path: "/public/*", auth: "public" },
    { path: "/api/{user_id}/*", match: { user_id: "sub" } },
  ],
  logLevel: "none",
};
const verifier = await createVerifier({ baseURL: AUTH, jwks: { keys: [signer.jwk] } });

/** `200`, or status and code of the refusal. */
async function outcome(request: RequestHead): Promise<string> {
  const decision = await verifier.verifyRequest(request, rules);
  return decision.ok ? "200" : `${decision.response.status} ${decision.code}`;
}

const STRANGE_HOSTS = [
  "x/public?",
  "x/public/y#",
  "x/public/",
  "x?",
  "x#",
  "x\\public?",
  "a@x/public?",
  "x:80/public?",
  "/public?",
  "x,y",
  "[::1]/public?",
  "",
];

describe("a server that asks about Node's own requests", () => {
  let server: http.Server;
  let port: number;
  /** How the request is handed over. */
  let handed: (request: http.IncomingMessage) => RequestHead = (request) => request;

  before(async () => {
    server = http.createServer(async (request, response) => {
      response.end(await outcome(handed(request)));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    port = (server.address() as AddressInfo).port;
  });
  after(() => server.close());

  async function raw(target: string, ...headers: string[]): Promise<string> {
    const socket = net.connect(port, "127.0.0.1");
    socket.write(
      `GET ${target} HTTP/1.1\r\n${[...headers, "Connection: close", "", ""].join("\r\n")}`,
    );
    let text = "";
    for await (const part of socket) text += part;
    const body = text.split("\r\n\r\n")[1] ?? "";
    // of chunks, or of a known length
    return /200|\d{3} \w+/.exec(body)?.[0] ?? text.slice(0, 30);
  }

  const ways: Record<string, typeof handed> = {
    "as they are": (request) => request,
    "as a target and headers": ({ method, url, headers }) => ({ method, url, headers }),
    "as a URL that is put together": ({ method, url, headers }) => ({
      method,
      url: `http://${headers.host}${url}`,
      headers: new Headers(headers as Record<string, string>),
    }),
  };
  for (const [name, way] of Object.entries(ways)) {
    test(`no Host leads to another path: ${name}`, async () => {
      handed = way;
      for (const host of STRANGE_HOSTS) {
        const got = await raw("/api/user-2/a", `Host: ${host}`);
        assert.match(got, /^(400 malformed_request|HTTP\/1.1 400)/, host);
      }
      const host = `Host: 127.0.0.1:${port}`;
      assert.equal(await raw("/api/user-1/a", host), "401 missing_token");
      const bearer = `Authorization: ${authorization}`;
      assert.equal(await raw("/api/user-1/a?b=c", host, bearer), "200");
      assert.equal(await raw("/api/user-2/a", host, bearer), "403 user_mismatch");
      assert.equal(await raw("/public/a", host), "200");
    });
  }

  test("targets in other forms lead nowhere else", async () => {
    handed = (request) => request;
    const host = `Host: 127.0.0.1:${port}`;
    for (const [target, expected] of [
      [`http://127.0.0.1:${port}/public/a`, "200"],
      ["http://other.example/public/a", "400 malformed_request"],
      ["//x/public/a", "400 ambiguous_path"],
      ["/public/../api/user-2/a", "400 ambiguous_path"],
      ["/public\\..\\api", "400 ambiguous_path"],
      ["/public/a#/api", "400 malformed_request"],
      ["/api?/public", "401 missing_token"],
    ] as const) {
      assert.equal(await raw(target, host), expected, target);
    }
    const forwarded = ["X-Forwarded-Host: x/public?", "X-Forwarded-Proto: http://x/public?"];
    for (const header of forwarded) {
      assert.equal(await raw("/public/a", host, header), "400 malformed_request", header);
    }
  });

  test("routers that take a prefix off the URL take none off the rules", async () => {
    handed = (request) => {
      const originalUrl = request.url;
      request.url = "/public/a";
      return Object.assign(request, { originalUrl });
    };
    assert.equal(await raw("/api/user-2/a", "Host: x"), "401 missing_token");
  });
});

test("what is no request is refused and throws nothing", async () => {
  for (const request of [
    { headers: {} },
    { method: "GET", url: "nonsense", headers: {} },
    { method: "GET", url: "/public/a", headers: { "a b": "c" } },
    { method: "GET", url: "/public/a", headers: { host: "x", a: "b\nx-edge-user: c" } },
    { method: "GET", url: "/public/a", headers: { host: ["x", "x"] } },
    { method: "GET", url: "/public/a", headers: {}, rawHeaders: ["Host", "x", "host", "y"] },
    { method: "G\nT", url: "/public/a", headers: { host: "x" } },
    { method: "GET", url: "http://x?/public/a", headers: {} },
    { method: "TRACE", url: "/public/a", headers: { host: "x" } },
  ]) {
    assert.equal(await outcome(request), "400 malformed_request", JSON.stringify(request));
  }
  assert.equal(await outcome({ method: "GET", url: "/public/a", headers: {} }), "200");
  const http2 = { ":method": "GET", ":path": "/public/a", ":authority": "x/public?" };
  const get = { method: "GET", url: "/public/a" };
  assert.equal(await outcome({ ...get, headers: http2 }), "400 malformed_request");
  assert.equal(await outcome({ ...get, headers: { ...http2, ":authority": "x" } }), "200");
});

test("each function among the options is one of its own", async () => {
  const [ours, theirs] = [newSigner("ES256"), newSigner("ES256")];
  const asked: string[] = [];
  const serving = (name: string, keys: object[]) => async () => {
    asked.push(name);
    return Response.json({ keys });
  };
  const shared = await createVerifier({ baseURL: AUTH });
  const url = "https://app.example/api/user-1/a";
  const decide = async (fetch: unknown, by: typeof ours) => {
    const request = new Request(url, { headers: { authorization: `Bearer ${token(by, claims)}` } });
    const decision = await shared.verifyRequest(request, { ...rules, fetch } as GatewayOptions);
    return decision.ok ? "200" : decision.code;
  };
  const [a, b] = [serving("a", [ours.jwk]), serving("b", [theirs.jwk])];
  assert.equal(await decide(a, ours), "200");
  assert.equal(await decide(b, theirs), "200");
  assert.notEqual(await decide(b, ours), "200");
  assert.equal(await decide(a, ours), "200");
  assert.deepEqual(asked.slice(0, 2), ["a", "b"]);
  assert.equal(asked.filter((name) => name === "a").length, 1, "the first is still kept");
});

test("headers that would make another request of it do not go on", async () => {
  const headers = {
    "x-original-url": "/api/user-2/a",
    script_name: "/api",
    "x-http-method-override": "DELETE",
    "x-custom": "own",
  };
  const request = new Request("https://app.example/public/a", { headers });
  const names = async (more: GatewayOptions) => {
    const decision = await verifier.verifyRequest(request, { ...rules, ...more });
    assert.ok(decision.ok);
    return [...decision.headers.keys()].filter((name) => name !== "x-request-id");
  };
  assert.deepEqual(await names({}), ["x-custom"]);
  const forwardHeaders = ["X-HTTP-Method-Override"];
  assert.deepEqual(await names({ forwardHeaders }), ["x-custom", "x-http-method-override"]);
  await assert.rejects(names({ forwardHeaders: ["X-Edge-User"] }), {
    code: "misconfigured",
    message: /forwardHeaders must not name x-edge-user/,
  });
});

test("the origin is told an address only by the operator's own proxy", async () => {
  const origin = "https://api.example";
  const routes: GatewayOptions["routes"] = [{ path: "/public/*", auth: "public", to: "origin" }];
  const headers = { "cf-connecting-ip": "192.0.2.9", "x-forwarded-for": "192.0.2.8, 192.0.2.7" };
  const request = new Request("https://app.example/public/a", { headers });
  const told = async (more: GatewayOptions) => {
    const decision = await verifier.verifyRequest(request, { ...rules, origin, routes, ...more });
    assert.ok(decision.ok);
    assert.equal(decision.headers.get("cf-connecting-ip"), null);
    return decision.headers.get("x-forwarded-for");
  };
  assert.equal(await told({}), null);
  assert.equal(await told({ clientIpHeader: "x-forwarded-for" }), "192.0.2.7");
});

/** Attacks on `verifyRequest`: a `Host` that changes the path, and options mistaken for others. */
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import net from "node:net";
import { after, before, describe, test } from "node:test";
import { createVerifier, type GatewayOptions, type RequestHead } from "better-auth-edge";
import { AUTH, authorization, claims, verifierOptions } from "./fixtures.ts";
import { newSigner, token } from "./tokens.ts";

const rules: GatewayOptions = {
  routes: [
    { path: "/public/*", auth: "public" },
    { path: "/api/{user_id}/*", match: { user_id: "sub" } },
  ],
  logLevel: "none",
};
const verifier = await createVerifier(verifierOptions);

/** `200`, or the status and the code of the rejection. */
async function outcome(request: RequestHead): Promise<string> {
  const decision = await verifier.verifyRequest(request, rules);
  return decision.ok ? "200" : `${decision.response.status} ${decision.code}`;
}

const INVALID_HOSTS = [
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

describe("a server that passes Node's requests to verifyRequest", () => {
  let server: http.Server;
  let port: number;
  /** Converts Node's request to what `verifyRequest` receives. */
  let toHead: (request: http.IncomingMessage) => RequestHead = (request) => request;

  before(async () => {
    server = http.createServer(async (request, response) => {
      response.end(await outcome(toHead(request)));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    port = (server.address() as AddressInfo).port;
  });
  after(() => server.close());

  /** Sends a GET request with exactly this target and these headers. */
  async function raw(target: string, ...headers: string[]): Promise<string> {
    const socket = net.connect(port, "127.0.0.1");
    socket.write(
      `GET ${target} HTTP/1.1\r\n${[...headers, "Connection: close", "", ""].join("\r\n")}`,
    );
    let text = "";
    for await (const part of socket) text += part;
    const body = text.split("\r\n\r\n")[1] ?? "";
    // the body may be chunked
    return /200|\d{3} \w+/.exec(body)?.[0] ?? text.slice(0, 30);
  }

  const conversions: Record<string, typeof toHead> = {
    "as IncomingMessage": (request) => request,
    "as method, target and headers": ({ method, url, headers }) => ({ method, url, headers }),
    "as a URL made from Host and target": ({ method, url, headers }) => ({
      method,
      url: `http://${headers.host}${url}`,
      headers: new Headers(headers as Record<string, string>),
    }),
  };
  for (const [name, conversion] of Object.entries(conversions)) {
    test(`a Host cannot change the path: ${name}`, async () => {
      toHead = conversion;
      for (const host of INVALID_HOSTS) {
        const rejected = await raw("/api/user-2/a", `Host: ${host}`);
        assert.match(rejected, /^(400 malformed_request|HTTP\/1.1 400)/, host);
      }
      const host = `Host: 127.0.0.1:${port}`;
      assert.equal(await raw("/api/user-1/a", host), "401 missing_token");
      const bearer = `Authorization: ${authorization}`;
      assert.equal(await raw("/api/user-1/a?b=c", host, bearer), "200");
      assert.equal(await raw("/api/user-2/a", host, bearer), "403 user_mismatch");
      assert.equal(await raw("/public/a", host), "200");
    });
  }

  test("targets in other forms cannot change the path", async () => {
    toHead = (request) => request;
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

  test("rules see the whole path if a router removes a prefix from the URL", async () => {
    toHead = (request) => {
      const originalUrl = request.url;
      request.url = "/public/a";
      return Object.assign(request, { originalUrl });
    };
    assert.equal(await raw("/api/user-2/a", "Host: x"), "401 missing_token");
  });
});

test("an invalid request is rejected without an exception", async () => {
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

test("options that differ only in a function are different options", async () => {
  const [ours, theirs] = [newSigner("ES256"), newSigner("ES256")];
  const fetched: string[] = [];
  const serving = (name: string, keys: object[]) => async () => {
    fetched.push(name);
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
  assert.deepEqual(fetched.slice(0, 2), ["a", "b"]);
  assert.equal(fetched.filter((name) => name === "a").length, 1, "the first is still cached");
});

test("headers that an application would read as another request are removed", async () => {
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

test("the upstream gets a client address only from the header that the operator names", async () => {
  const origin = "https://api.example";
  const routes: GatewayOptions["routes"] = [{ path: "/public/*", auth: "public", to: "origin" }];
  const headers = { "cf-connecting-ip": "192.0.2.9", "x-forwarded-for": "192.0.2.8, 192.0.2.7" };
  const request = new Request("https://app.example/public/a", { headers });
  const forwardedFor = async (more: GatewayOptions) => {
    const decision = await verifier.verifyRequest(request, { ...rules, origin, routes, ...more });
    assert.ok(decision.ok);
    assert.equal(decision.headers.get("cf-connecting-ip"), null);
    return decision.headers.get("x-forwarded-for");
  };
  assert.equal(await forwardedFor({}), null);
  assert.equal(await forwardedFor({ clientIpHeader: "x-forwarded-for" }), "192.0.2.7");
});

/** `better-auth-edge serve`: what it accepts from the operator, the proxy and the file system. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { lchown, mkdir, stat, symlink, writeFile } from "node:fs/promises";
import { type OutgoingHttpHeaders, request } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "./cli.process.ts";
import { serveEdge, surroundings } from "./serve.process.ts";
import { newSigner, token } from "./tokens.ts";

const signer = newSigner("EdDSA");
const around = surroundings([signer.jwk], ({ path, headers }) => {
  if (path !== "/moved") return { body: { scheme: headers["x-forwarded-proto"] } };
  return { status: 302, headers: { location: `${around.api}/public/there` } };
});

function settings(more: Record<string, string> = {}): Record<string, string> {
  const ROUTES = JSON.stringify([{ path: "/public/*", auth: "public" }]);
  return { BETTER_AUTH_URL: around.auth, ORIGIN_URL: around.api, ROUTES, ...more };
}

/** What a store of ended sessions requires. */
const STORE = { EDGE_ISSUER: "https://edge.example.com" };

/** Writes a configuration of wrangler, and returns its path. */
async function configured(name: string, text: string): Promise<string> {
  const file = join(around.directory, name);
  await writeFile(file, text);
  return file;
}

test("serve does not repeat a setting that --env has in place of an environment's name", async () => {
  const file = await configured("environment.toml", 'name = "edge"\n');
  const given = ["--config", file, "--env", "BETTER_AUTH_SECRET=hunter2"];
  await using edge = await serveEdge(settings(), given);
  assert.equal(await edge.exited, 1);
  assert.match(edge.errors(), /environment\.toml has no environment of the name in --env/);
  assert.doesNotMatch(edge.errors(), /hunter2/);
});

test("serve does not repeat what --config has in place of a file's name", async () => {
  const url = "https://user:hunter2@config.example.com/wrangler.toml";
  await using edge = await serveEdge(settings(), ["--config", url]);
  assert.equal(await edge.exited, 1);
  assert.equal(edge.errors(), "error: cannot read the file of --config (ENOENT)\n");
});

test("serve names a file of --config that does not exist", async () => {
  await using edge = await serveEdge(settings(), ["--config", "other/nope.toml"]);
  assert.equal(await edge.exited, 1);
  assert.equal(edge.errors(), "error: cannot read other/nope.toml (ENOENT)\n");
});

for (const [form, limits] of [
  ["ratelimits", '[[ratelimits]]\nname = "RATE_LIMIT_USER"\n'],
  [
    "an unsafe binding",
    '[[unsafe.bindings]]\nname = "RATE_LIMIT_REJECTED"\ntype = "ratelimit"\nnamespace_id = "1"\n',
  ],
] as const) {
  test(`serve rejects a configuration with a rate limit as ${form}`, async () => {
    const file = await configured("limits.toml", `name = "edge"\n${limits}`);
    await using edge = await serveEdge(settings(), ["--config", file]);
    assert.equal(await edge.exited, 1);
    assert.match(edge.errors(), /RATE_LIMIT_\w+ is a rate limit of Cloudflare/);
  });
}

for (const [form, text] of [
  ["a list of another name", '[[rate_limits]]\nname = "USERS"\n'],
  ["a rate limit without a name", "[[ratelimits]]\nsimple = { limit = 1, period = 60 }\n"],
  ["another type", '[[unsafe.bindings]]\nname = "RATE_LIMIT_USER"\ntype = "RateLimit"\n'],
  ["an unsafe store", '[[unsafe.bindings]]\nname = "REVOCATIONS_KV"\ntype = "kv_namespace"\n'],
] as const) {
  test(`serve rejects limits that cannot take effect: ${form}`, async () => {
    const file = await configured("strict.toml", text);
    await using edge = await serveEdge(settings(), ["--config", file]);
    assert.equal(await edge.exited, 1);
    assert.match(
      edge.errors(),
      /is not a binding that the edge knows|is a rate limit of Cloudflare/,
    );
  });
}

test("serve names everything of a configuration that has no effect, and nothing else", async () => {
  const file = await configured(
    "others.toml",
    `name = "edge"
main = "index.js"
compatibility_date = "2026-11-01"
compatibility_flags = []
workers_dev = false
routes = ["edge.example.com/*"]
logpush = true
limits = { cpu_ms = 5 }
[observability]
enabled = true
[[services]]
binding = "AUTH"
service = "auth"
[[d1_databases]]
binding = "DB"
database_id = "1"
[[durable_objects.bindings]]
name = "OTHER"
class_name = "Other"
[[unsafe.bindings]]
name = "BOX"
type = "box"
[[tail_consumers]]
service = "log"
`,
  );
  await using edge = await serveEdge(settings(), ["--config", file]);
  const warnings = edge.lines.filter(({ level }) => level === "warn");
  const named = warnings.map(({ message }) => String(message).slice(`${file}: `.length));
  assert.deepEqual(
    named.flatMap((text) => /^(.+) (?:has no effect|is a service)/.exec(text)?.[1] ?? []),
    [
      "AUTH",
      "logpush",
      "limits",
      "d1_databases",
      "tail_consumers",
      "durable_objects OTHER",
      "unsafe box BOX",
    ],
  );
});

test("serve warns when no key signs assertions, and only then", async () => {
  const isUnsigned = ({ message }: Record<string, unknown>) =>
    /^EDGE_SIGNING_KEY is not set/.test(String(message));
  await using unsigned = await serveEdge(settings());
  assert(unsigned.lines.some(isUnsigned));
  const { stdout } = await run(["keygen"]);
  await using signed = await serveEdge(settings({ EDGE_SIGNING_KEY: stdout }));
  assert(!signed.lines.some(isUnsigned));
});

test("a setting's name may contain any character", async () => {
  const vars = { 'a\\"\u0001\u007f\n\u2028': "x" };
  const file = await configured("names.json", JSON.stringify({ vars }));
  await using edge = await serveEdge(settings(), ["--config", file]);
  assert.equal((await fetch(`${edge.url}/public/x`)).status, 200);
});

/** What a client gets by a connection of its own. The API says which scheme it has seen. */
async function get(url: string, headers: OutgoingHttpHeaders = {}) {
  const [response] = await once(request(url, { agent: false, headers }).end(), "response");
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk;
  const { code, scheme } = text === "" ? {} : JSON.parse(text);
  return { status: response.statusCode, code, scheme, location: response.headers.location };
}

const REJECTED = { status: 400, code: "malformed_request", scheme: undefined, location: undefined };

test("a proxy's X-Forwarded-Proto is http or https, and anything else is rejected", async () => {
  await using edge = await serveEdge(settings(), ["--trust-forwarded-proto"]);
  const health = `${edge.url}/.well-known/better-auth-edge/health`;
  for (const [proto, expected] of [
    ["http", "http"],
    ["https", "https"],
    ["HTTPS", "https"],
    [undefined, "http"],
  ]) {
    const headers = proto === undefined ? {} : { "x-forwarded-proto": proto };
    assert.equal((await get(health, headers)).status, 200, proto);
    const { status, scheme } = await get(`${edge.url}/public/x`, headers);
    assert.deepEqual([status, scheme], [200, expected], proto);
  }
  for (const proto of [
    "",
    "javascript",
    "https, http",
    ["https", "http"],
    ["https", "https"],
    "https:",
    "https://evil.example/",
    "https://evil.example/public/x?",
    "https://evil.example/public/x#",
    `${edge.url}/public/y?`,
    `${edge.url}/public/y#`,
    `${edge.url.replace("http:", "https:")}/public/y?`,
    "https://user@",
    "ftp",
  ]) {
    for (const path of ["/public/x", "/private"]) {
      const received = await get(`${edge.url}${path}`, { "x-forwarded-proto": proto });
      assert.deepEqual(received, REJECTED, `${path} ${proto}`);
    }
  }
});

test("the log says why a scheme is rejected, and once that the proxy names none", async () => {
  await using edge = await serveEdge(settings(), ["--trust-forwarded-proto"]);
  const url = `${edge.url}/public/x`;
  const [two, other] = await Promise.all(
    ["https, http", "ftp"].map(async (proto) => {
      const response = await fetch(url, { headers: { "x-forwarded-proto": proto } });
      return ((await response.json()) as { detail: string }).detail;
    }),
  );
  assert.equal(two, "X-Forwarded-Proto has more than one value");
  assert.equal(other, "X-Forwarded-Proto is neither http nor https");
  const { cause } = await edge.line(({ code }) => code === "malformed_request");
  assert.match(String(cause), /^the proxy in front of the edge must replace/);
  const isAboutNone = ({ event }: Record<string, unknown>) => event === "scheme_missing";
  // serve has asked for the edge's health, as a container's health check does
  assert(!edge.lines.some(isAboutNone));
  for (let sent = 0; sent < 3; sent++) assert.equal((await fetch(url)).status, 200);
  assert.equal((await fetch(`${edge.url}/private`)).status, 401);
  // a later request's line is after those of the earlier ones
  await edge.line(({ code }) => code === "missing_token");
  assert.equal(edge.lines.filter(isAboutNone).length, 1);
});

test("a redirect of the API leads to the edge by the scheme that the proxy names", async () => {
  await using edge = await serveEdge(settings(), ["--trust-forwarded-proto"]);
  const now = Math.floor(Date.now() / 1000);
  const { auth } = around;
  const bearer = token(signer, { iss: auth, aud: auth, sub: "ada", iat: now, exp: now + 900 });
  // the Worker replays the decision about the third
  for (const proto of ["https", "https", "https", "http"]) {
    const headers = { authorization: `Bearer ${bearer}`, "x-forwarded-proto": proto };
    const { location } = await get(`${edge.url}/moved`, headers);
    assert.equal(location, `${edge.url.replace("http", proto)}/public/there`);
  }
});

test("a client that serve trusts with nothing cannot choose the scheme", async () => {
  const proto = { "x-forwarded-proto": "https" };
  await using edge = await serveEdge(settings());
  await using trusting = await serveEdge(settings(), ["--trust-forwarded-proto"]);
  for (const mark of ["1", "", ["1", "1"]]) {
    const headers = { ...proto, "X-Edge-Scheme-By-Proxy": mark };
    assert.equal((await get(`${edge.url}/public/x`, headers)).scheme, "http", String(mark));
    assert.equal((await get(`${trusting.url}/public/x`, headers)).scheme, "https", String(mark));
  }
});

test("serve creates the directory of --data for its user alone", async () => {
  const data = join(around.directory, "fresh/data");
  await using edge = await serveEdge(settings(STORE), ["--data", data]);
  assert.equal((await fetch(`${edge.url}/public/x`)).status, 200);
  assert.equal((await stat(data)).mode & 0o777, 0o700);
});

test("serve uses no directory that another user can replace", async (context) => {
  if (process.getuid?.() !== 0) return context.skip("only root can make files of another user");
  await mkdir(join(around.directory, "real/inner"), { recursive: true });
  const link = join(around.directory, "link");
  await symlink(join(around.directory, "real"), link);
  await using own = await serveEdge(settings(STORE), ["--data", link]);
  assert.equal((await fetch(`${own.url}/public/x`)).status, 200);
  await lchown(link, 12_345, 12_345);
  for (const data of [link, join(link, "inner")]) {
    await using edge = await serveEdge(settings(STORE), ["--data", data]);
    assert.equal(await edge.exited, 1);
    assert.match(edge.errors(), /link: it belongs to another user/);
  }
});

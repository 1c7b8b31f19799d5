/** `jwks`: the notes about keys and sets. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { json, run } from "./cli.process.ts";
import { closedUrl, serve } from "./servers.ts";

const rsa = (modulusLength: number) =>
  generateKeyPairSync("rsa", { modulusLength }).publicKey.export({ format: "jwk" });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" });
const ed = () => generateKeyPairSync("ed25519");

test("every unusable key is shown with the reason", async () => {
  const good = { ...ed().publicKey.export({ format: "jwk" }), kid: "good", alg: "EdDSA" };
  const cases: [unknown, boolean, string | null, RegExp | null][] = [
    [good, true, null, null],
    [
      { ...ed().privateKey.export({ format: "jwk" }), kid: "p" },
      false,
      "private",
      /published \(d\)/,
    ],
    [{ kty: "oct", k: "c2VjcmV0", kid: "o" }, false, "private", /shared secret is published/],
    [
      { kty: "OKP", crv: "Ed448", x: "AA", kid: "4" },
      false,
      "unknown_type",
      /Ed448 is not supported/,
    ],
    [
      { ...ed().publicKey.export({ format: "jwk" }), kid: "e", use: "enc" },
      false,
      "not_for_verifying",
      /use is not sig/,
    ],
    [{ ...ec, kid: "c", alg: "ES512" }, false, "contradictory", /alg ES512 does not fit EC P-256/],
    [{ ...ec, kid: "w", y: ec.x }, false, "weak_point", /not a point on the curve/],
    [{ ...rsa(1024), kid: "r", alg: "RS256" }, false, "weak_rsa", /1024 bits/],
    [{ ...good, kid: "x", x: "AAAA" }, false, "wrong_form", /its x has .*3 bytes instead of 32/],
    [7, false, "wrong_form", /the entry has another type, .*not an object/],
    [{ ...rsa(2048), kid: "2048" }, true, null, /serial number/],
    [{ ...ec, kid: "twice", alg: "ES256" }, true, null, /it has the same kid as key 13/],
    [{ ...rsa(2048), kid: "twice", alg: "RS384" }, true, null, /RS384 is accepted only if/],
    [{ ...ed().publicKey.export({ format: "jwk" }) }, true, null, /no kid/],
    [
      { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", kid: "rfc" },
      true,
      null,
      /private key is printed/,
    ],
  ];
  await using server = await serve(() => ({ body: { keys: cases.map(([key]) => key) } }));
  const shown = await run(["jwks", server.url]);
  const read = json(await run(["jwks", server.url, "--json"]));
  assert.deepEqual([shown.code, read.ok, read.keys.length], [1, false, cases.length]);
  for (const [i, [, usable, fault, note]] of cases.entries()) {
    const { notes, ...entry } = read.keys[i];
    assert.deepEqual([entry.usable, entry.fault], [usable, fault], JSON.stringify(entry));
    const texts = notes.map(({ text }: { text: string }) => text).join("\n");
    if (note) assert.match(texts, note);
    else assert.equal(texts, "");
    for (const { text } of notes)
      assert.ok(inOneLine(shown.stdout).includes(`key ${i + 1}: ${text}`));
  }
  assert.match(shown.stdout, /6 of 15 keys can be used/);
  assert.equal(read.keys[10].bits, 2048);
});

test("the note about a malformed key names the member and what is wrong with it", async () => {
  const okp = { ...ed().publicKey.export({ format: "jwk" }), kid: "k", alg: "EdDSA" };
  const { x, ...withoutX } = okp;
  const { n, ...rest } = rsa(2048);
  const zero = Buffer.concat([Buffer.alloc(1), Buffer.from(`${n}`, "base64url")]);
  const cases: [unknown, RegExp][] = [
    [withoutX, /^its x is missing$/],
    [{ ...okp, x: null }, /^its x is missing$/],
    [{ ...okp, x: 7 }, /^its x has .*of type number, not a string$/],
    [{ ...okp, x: `${x}=` }, /^its x has .*not base64url without padding$/],
    [{ ...okp, kid: 7 }, /^its kid has .*of type number, not a string$/],
    [{ ...okp, alg: ["EdDSA"] }, /^its alg has .*an array, not a string$/],
    [{ ...okp, use: true }, /^its use has .*of type boolean, not a string$/],
    [{ ...okp, key_ops: "verify" }, /^its key_ops has .*not an array of different strings$/],
    [{ ...okp, key_ops: ["verify", "verify"] }, /^its key_ops has /],
    [{ ...okp, key_ops: ["sign"] }, /key_ops does not contain verify/],
    [{ ...ec, y: "AAAA" }, /^its y has .*3 bytes instead of 32$/],
    [{ ...rest, n: zero.toString("base64url") }, /^its n has .*first byte is zero/],
    [{ ...rest, n, e: "" }, /^its e has .*it is empty$/],
    [rest, /^its n is missing$/],
    ["text", /^the entry has another type, .*not an object$/],
    [null, /not an object/],
  ];
  await using server = await serve(() => ({ body: { keys: cases.map(([key]) => key) } }));
  const read = json(await run(["jwks", server.url, "--json"]));
  for (const [i, [key, note]] of cases.entries()) {
    assert.equal(read.keys[i].usable, false, JSON.stringify(key));
    assert.match(read.keys[i].notes[0].text, note, JSON.stringify(key));
  }
  await using nulls = await serve(() => ({ body: { keys: [{ ...okp, d: null, k: null }] } }));
  assert.equal((await run(["jwks", nulls.url])).code, 0);
});

test("a response that is not a JWK Set is explained, with a cure", async () => {
  await using server = await serve(({ path }) => {
    if (path === "/moved") return { status: 302, headers: { location: "https://sso.example/" } };
    if (path === "/html") return { headers: { "content-type": "text/html" }, body: "<html>" };
    if (path === "/none") return { body: { jwks: [] } };
    if (path === "/twice") return { body: '{"keys":[],"keys":[]}' };
    if (path === "/marked") return { body: '\ufeff{"keys":[]}' };
    if (path === "/empty") return { body: { keys: [] } };
    if (path === "/large") return { body: "x".repeat(1_100_000) };
    return { status: Number(path.slice(1)) };
  });
  for (const [path, reason] of [
    ["/404", /responded with 404.*at \/api\/auth\/jwks/s],
    ["/429", /responded with 429.*wait/s],
    ["/403", /responded with 403.*public/s],
    ["/500", /responded with 500/],
    ["/moved", /a redirect to https:\/\/sso\.example\/.*follows no redirect/s],
    ["/html", /the response is not a JWK Set: it is not JSON/],
    ["/none", /the response is not a JWK Set: it has no array named keys/],
    ["/twice", /the response is not a JWK Set: a member appears twice/],
    ["/marked", /the response is not a JWK Set: it begins with a byte order mark/],
    ["/empty", /the set is empty.*Sign in once/s],
    ["/large", /larger than a megabyte/],
  ] as const) {
    const { code, stdout } = await run(["jwks", server.url + path]);
    assert.equal(code, 1, path);
    assert.match(stdout, reason);
    assert.equal(json(await run(["jwks", server.url + path, "--json"])).ok, false);
  }
  const { stdout } = await run(["jwks", await closedUrl()]);
  assert.match(stdout, /no server listens at this address \(ECONNREFUSED\)/);
});

function inOneLine(text: string): string {
  return text.replace(/\s+/g, " ");
}

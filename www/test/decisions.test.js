// The page's output for a token: the decision, the checks, the help.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { PAGE } from "./browser.js";
import { expected, jwks, page, signer, site } from "./site.js";
import { ISSUER, keySet, NAMES, now, Signer } from "./tokens.js";

page("a valid token passes every check, and the page names its key", async (inspector) => {
  const other = new Signer("key-2");
  const set = keySet(other.jwk(), signer.jwk());
  assert.equal(
    await inspector.explain({ token: signer.token(), jwks: set, ...expected }),
    "accepted",
  );
  assert.deepEqual((await inspector.checks("passed")).slice(0, 6), [
    "form",
    "header",
    "type",
    "algorithm",
    "key",
    "signature",
  ]);
  const all = await inspector.page.locator(".checks > li").count();
  assert.equal((await inspector.checks("passed")).length, all);
  assert.deepEqual(await inspector.check("issuer"), [`"${ISSUER}"`, `one of: ${ISSUER}`]);
  assert.match(await inspector.page.locator(".key.used").innerText(), /"key-1"/);
  assert.match(
    await inspector.page.locator("#decision").innerText(),
    /identifies the user "user-1"/,
  );
  const times = await inspector.page.locator(".timeline strong").allInnerTexts();
  assert.deepEqual(times, ["Issued", "Now", "Expires"]);
  assert.equal(await inspector.page.locator(".timeline .valid").count(), 2);
});

for (const alg of NAMES) {
  page(
    `a token signed with ${alg} is accepted, and one signed by another key is rejected`,
    async (inspector) => {
      const own = new Signer("own", alg);
      const set = keySet(signer.jwk(), own.jwk());
      assert.equal(
        await inspector.explain({ token: own.token(), jwks: set, ...expected }),
        "accepted",
      );
      assert.match(await inspector.page.locator(".key.used").innerText(), /"own"/);
      assert.equal(
        await inspector.explain({ token: new Signer("own", alg).token() }),
        "bad_signature",
      );
    },
  );
}

page(
  "a page loaded over plain http from another host explains nothing, because WebCrypto is missing",
  async (inspector) => {
    assert.equal(await inspector.explain({ token: signer.token(), jwks, ...expected }), "invalid");
    assert.match(await inspector.text(), /only on pages loaded over https or from localhost/);
  },
  { at: site.origin.replace("127.0.0.1", "inspector.test") },
);

const failures = [
  { check: "form", code: "missing_token", token: () => "" },
  { check: "form", code: "opaque_token", token: () => "0123456789abcdef0123456789abcdef.c2ln" },
  { check: "form", code: "malformed_token", token: () => "[object Object]" },
  {
    check: "form",
    code: "token_too_large",
    token: () => signer.token({ image: "x".repeat(20_000) }),
  },
  { check: "header", code: "malformed_token", token: () => signer.token({}, { crit: ["exp"] }) },
  { check: "type", code: "wrong_token_type", token: () => signer.token({}, { typ: "at+jwt" }) },
  {
    check: "algorithm",
    code: "unsupported_algorithm",
    token: () => signer.token({}, { alg: "HS256" }),
  },
  { check: "key", code: "unknown_key", token: () => new Signer("elsewhere").token() },
  { check: "key", code: "unsupported_algorithm", token: () => signer.token({}, { alg: "ES256" }) },
  { check: "signature", code: "bad_signature", token: () => new Signer("key-1").token() },
  { check: "kind", code: "wrong_token_type", token: () => signer.token({ nonce: "n" }) },
  { check: "presence", code: "missing_claim", token: () => signer.token({ aud: undefined }) },
  { check: "user", code: "missing_claim", token: () => signer.token({ sub: null }) },
  { check: "types", code: "invalid_claim", token: () => signer.token({ exp: Date.now() * 1e6 }) },
  {
    check: "issuer",
    code: "issuer_mismatch",
    token: () => signer.token({ iss: "http://localhost:3000" }),
  },
  { check: "audience", code: "audience_mismatch", token: () => signer.token({ aud: ["other"] }) },
  { check: "expiry", code: "expired", token: () => signer.token({ exp: now() - 90 }) },
  { check: "not_before", code: "not_yet_valid", token: () => signer.token({ nbf: now() + 300 }) },
  { check: "issued", code: "not_yet_valid", token: () => signer.token({ iat: now() + 300 }) },
];

for (const { check, code, token } of failures) {
  page(`a token that fails the check ${check} shows ${code} and its help`, async (inspector) => {
    assert.equal(await inspector.explain({ token: token(), jwks, ...expected }), code);
    assert.deepEqual(await inspector.checks("failed"), [check]);
    const names = await inspector.page
      .locator(".checks > li")
      .evaluateAll((all) => all.map((one) => one.getAttribute("data-check")));
    assert.deepEqual(await inspector.checks("passed"), names.slice(0, names.indexOf(check)));
    const errors = JSON.parse(await readFile(`${PAGE}/errors.json`, "utf8"));
    // the page capitalizes sentences
    const plain = (/** @type {string} */ text) => text.replaceAll("`", "").toLowerCase();
    const help = plain(await inspector.page.locator(".error-help").innerText());
    for (const text of [errors[code].meaning, errors[code].cure, ...errors[code].causes]) {
      assert.ok(help.includes(plain(text)), plain(text));
    }
    await inspector.isAccessible(code);
    await inspector.screenshot(`${check}-${code}`);
  });
}

page("the claims of a token with a bad signature are marked as not verified", async (inspector) => {
  const token = new Signer("key-1").token({ iss: "https://other.example" });
  assert.equal(await inspector.explain({ token, jwks, ...expected }), "bad_signature");
  assert.deepEqual(await inspector.checks("would_fail"), ["issuer"]);
  const badges = await inspector.page.locator(".badge").allInnerTexts();
  assert.deepEqual(badges, ["not verified", "not verified"]);
  assert.match(await inspector.text(), /other\.example/);
});

page("unusable entries of a set are listed with the reason", async (inspector) => {
  const leaked = { ...signer.jwk(), d: "AAAA" };
  const set = keySet(leaked, { kty: "oct", k: "AAAA", kid: "key-1" });
  assert.equal(
    await inspector.explain({ token: signer.token(), jwks: set, ...expected }),
    "unknown_key",
  );
  assert.match(await inspector.text(), /holds private or symmetric members/);
});

page("a pasted set with duplicate members is invalid", async (inspector) => {
  const set = jwks.replace('{"keys"', '{"keys":[],"keys"');
  assert.equal(
    await inspector.explain({ token: signer.token(), jwks: set, ...expected }),
    "invalid",
  );
  assert.match(await inspector.text(), /has a duplicate member/);
});

page("all invalid settings are listed and marked", async (inspector) => {
  const fields = {
    token: signer.token(),
    jwksUrl: "keys.json",
    algorithms: "none",
    clockTolerance: "301",
  };
  assert.equal(await inspector.explain(fields), "invalid");
  const marked = inspector.page.locator("[aria-invalid=true]");
  const names = await marked.evaluateAll((fields) => fields.map((field) => field.id).sort());
  assert.deepEqual(names, ["algorithms", "audience", "clockTolerance", "issuer", "jwksUrl"]);
  const focused = await inspector.page.evaluate(() => document.activeElement?.id);
  assert.equal(focused, "jwksUrl", "the first invalid field has the focus");
  await inspector.isAccessible("invalid");
  await inspector.screenshot("invalid");
});

page("every setting has the same effect as at the edge", async (inspector) => {
  const token = signer.token({ uuid: "u-1", exp: now() - 20, iss: "b" }, { typ: "at+jwt" });
  const fields = { token, jwks, issuer: "a, b", audience: ISSUER, userClaim: "uuid" };
  assert.equal(await inspector.explain({ ...fields, profile: "access-token" }), "expired");
  assert.equal(await inspector.explain({ clockTolerance: "60" }), "accepted");
  assert.match(await inspector.page.locator("#decision").innerText(), /"u-1"/);
  assert.equal(await inspector.explain({ algorithms: "ES256, RS256" }), "unsupported_algorithm");
});

page("a copied Authorization header is accepted as the token", async (inspector) => {
  const token = `  Authorization: Bearer ${signer.token()}\n`;
  assert.equal(await inspector.explain({ token, jwks, ...expected }), "accepted");
});

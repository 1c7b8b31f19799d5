// The inspector in Chromium: decisions, privacy, and that everybody can use it.
// `cargo xtask test inspector` builds the page and runs this.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { Inspector, launch, PAGE } from "./browser.js";
import { keyServer, staticServer } from "./servers.js";
import { ISSUER, keySet, NAMES, now, Signer } from "./tokens.js";

/** @import { Browser, BrowserContextOptions } from "playwright-core" */

/** @type {Browser} */
let browser;
/** @type {Awaited<ReturnType<typeof staticServer>>} */
let site;
/** @type {Awaited<ReturnType<typeof keyServer>>} */
let keys;

before(async () => {
  [browser, site, keys] = await Promise.all([launch(), staticServer(PAGE), keyServer()]);
});

after(async () => {
  await browser?.close();
  for (const { server } of [site, keys]) {
    server?.close();
    server?.closeAllConnections();
  }
});

const signer = new Signer("key-1");
const jwks = keySet(signer.jwk());
const expected = { issuer: ISSUER, audience: ISSUER };

/**
 * A test with the page open, at that fragment.
 *
 * @param {string} name
 * @param {(inspector: Inspector) => Promise<void>} run
 * @param {{ fragment?: string, options?: BrowserContextOptions }} [how]
 */
function page(name, run, { fragment = "", options } = {}) {
  test(name, async () => {
    const inspector = await Inspector.open(browser, `${site.origin}/${fragment}`, options);
    try {
      await run(inspector);
      assert.deepEqual(inspector.faults, []);
    } finally {
      await inspector.close();
    }
  });
}

page(
  "a good token has passed every check, and the key that signed it is named",
  async (inspector) => {
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
      /speaks for the user "user-1"/,
    );
    const times = await inspector.page.locator(".timeline strong").allInnerTexts();
    assert.deepEqual(times, ["Issued", "Now", "Expires"]);
    assert.equal(await inspector.page.locator(".timeline .valid").count(), 2);
  },
);

for (const alg of NAMES) {
  page(
    `a token that is signed with ${alg} is verified, and so is that another is not`,
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

test("a page that came by plain http from elsewhere does not judge by a browser without WebCrypto", async () => {
  const inspector = await Inspector.open(
    browser,
    site.origin.replace("127.0.0.1", "inspector.test"),
  );
  assert.equal(await inspector.explain({ token: signer.token(), jwks, ...expected }), "faulty");
  assert.match(await inspector.text(), /only in pages that come by https or from localhost/);
  await inspector.close();
});

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
  page(
    `a token that is refused by the check ${check} says ${code} and what to do`,
    async (inspector) => {
      assert.equal(await inspector.explain({ token: token(), jwks, ...expected }), code);
      assert.deepEqual(await inspector.checks("failed"), [check]);
      const names = await inspector.page
        .locator(".checks > li")
        .evaluateAll((all) => all.map((one) => one.getAttribute("data-check")));
      assert.deepEqual(await inspector.checks("passed"), names.slice(0, names.indexOf(check)));
      const errors = JSON.parse(await readFile(`${PAGE}/errors.json`, "utf8"));
      // sentences begin with a capital there
      const plain = (/** @type {string} */ text) => text.replaceAll("`", "").toLowerCase();
      const advice = plain(await inspector.page.locator(".advice").innerText());
      for (const text of [errors[code].meaning, errors[code].cure, ...errors[code].causes]) {
        assert.ok(advice.includes(plain(text)), plain(text));
      }
      await inspector.isAccessible(code);
      await inspector.picture(`${check}-${code}`);
    },
  );
}

page("what a token with a bad signature says is shown as not verified", async (inspector) => {
  const token = new Signer("key-1").token({ iss: "https://other.example" });
  assert.equal(await inspector.explain({ token, jwks, ...expected }), "bad_signature");
  assert.deepEqual(await inspector.checks("would_fail"), ["issuer"]);
  const badges = await inspector.page.locator(".badge").allInnerTexts();
  assert.deepEqual(badges, ["not verified", "not verified"]);
  assert.match(await inspector.text(), /other\.example/);
});

page(
  "keys are fetched from where Better Auth has them, and nothing else is asked for",
  async (inspector) => {
    keys.answer("/api/auth/jwks", jwks);
    const loaded = inspector.requests.length;
    const token = signer.token({ iss: keys.origin, aud: keys.origin });
    assert.equal(await inspector.explain({ token, baseURL: keys.origin }), "accepted");
    assert.deepEqual(inspector.requests.slice(loaded), [`${keys.origin}/api/auth/jwks`]);
    const own = inspector.requests.slice(0, loaded).map((url) => new URL(url));
    assert.ok(own.every(({ origin, search }) => origin === site.origin && search === ""));
    assert.match(await inspector.text(), new RegExp(`From ${keys.origin}/api/auth/jwks`));
  },
);

page("every question asks for the keys anew", async (inspector) => {
  keys.answer("/anew", keySet());
  const asked = { token: signer.token(), jwksUrl: `${keys.origin}/anew`, ...expected };
  assert.equal(await inspector.explain(asked), "unknown_key");
  keys.answer("/anew", jwks);
  assert.equal(await inspector.explain({}), "accepted");
});

page("the token is sent nowhere and kept nowhere", async (inspector) => {
  keys.answer("/private", jwks);
  /** @type {string[]} */
  const sent = [];
  inspector.page.on("request", (request) => {
    sent.push(request.url(), request.postData() ?? "", JSON.stringify(request.headers()));
  });
  const token = signer.token();
  await inspector.explain({ token, jwksUrl: `${keys.origin}/private`, ...expected });
  const parts = token.split(".");
  assert.ok(sent.length > 0);
  assert.ok(!sent.some((text) => parts.some((part) => text.includes(part))), sent.join("\n"));
  const kept = await inspector.page.evaluate(async () => ({
    local: localStorage.length,
    session: sessionStorage.length,
    cookies: document.cookie,
    databases: (await indexedDB.databases()).length,
    caches: (await caches.keys()).length,
    workers: (await navigator.serviceWorker.getRegistrations()).length,
    address: location.href,
    state: history.state,
  }));
  const address = `${site.origin}/`;
  const nothing = { local: 0, session: 0, cookies: "", databases: 0, caches: 0, workers: 0 };
  assert.deepEqual(kept, { ...nothing, address, state: null });
  await inspector.page.reload();
  assert.equal(await inspector.page.inputValue("#token"), "");
});

page("keys that this page may not read are told apart from a token's fault", async (inspector) => {
  keys.answer("/cors", jwks, { headers: {} });
  const asked = { token: signer.token(), jwksUrl: `${keys.origin}/cors`, ...expected };
  assert.equal(await inspector.explain(asked), "keys_unavailable");
  assert.deepEqual(await inspector.checks("failed"), ["key"]);
  assert.match(await inspector.page.locator(".advice .note").innerText(), /\(CORS\)/);
  const link = inspector.page.locator(".advice a");
  assert.equal(await link.getAttribute("href"), `${keys.origin}/cors`);
  assert.equal(await link.getAttribute("rel"), "noopener noreferrer");
  await inspector.isAccessible("CORS");
  await inspector.picture("cors");
  await inspector.page.getByRole("button", { name: "Paste the JWK Set instead" }).click();
  assert.equal(
    await inspector.page.locator("#jwks").evaluate((e) => e === document.activeElement),
    true,
  );
  assert.equal(await inspector.explain({ jwks }), "accepted");
});

page("what a server of keys answers instead is told", async (inspector) => {
  const cors = { "access-control-allow-origin": "*" };
  keys.answer("/moved", "", {
    status: 302,
    headers: { ...cors, location: `${keys.origin}/private` },
  });
  keys.answer("/page", "<!doctype html>");
  for (const [path, cause] of [
    ["/nowhere", "could not be reached"],
    ["/moved", "the server redirects, which is not followed"],
    ["/page", "the document is not a JSON object"],
  ]) {
    const jwksUrl = keys.origin + path;
    const token = signer.token();
    assert.equal(await inspector.explain({ token, jwksUrl, ...expected }), "keys_unavailable");
    const note = await inspector.page.locator(".advice .note").innerText();
    assert.ok(note.includes(String(cause)), note);
  }
  assert.ok(!keys.asked.includes("/followed"), "a redirect is not followed");
});

page("the page's own policy is told apart from a server's fault", async (inspector) => {
  const asked = { token: signer.token(), jwksUrl: "http://keys.test/jwks", ...expected };
  assert.equal(await inspector.explain(asked), "keys_unavailable");
  assert.match(
    await inspector.page.locator(".advice .note").innerText(),
    /fetches keys over https/,
  );
});

page("entries of a set that cannot be used are named with the reason", async (inspector) => {
  const leaked = { ...signer.jwk(), d: "AAAA" };
  const set = keySet(leaked, { kty: "oct", k: "AAAA", kid: "key-1" });
  assert.equal(
    await inspector.explain({ token: signer.token(), jwks: set, ...expected }),
    "unknown_key",
  );
  assert.match(await inspector.text(), /holds private or symmetric members/);
});

page("a set is read as it was published: duplicate members spoil it", async (inspector) => {
  const set = jwks.replace('{"keys"', '{"keys":[],"keys"');
  assert.equal(
    await inspector.explain({ token: signer.token(), jwks: set, ...expected }),
    "faulty",
  );
  assert.match(await inspector.text(), /has a duplicate member/);
});

page("settings that cannot be used are all named and marked", async (inspector) => {
  const asked = {
    token: signer.token(),
    jwksUrl: "keys.json",
    algorithms: "none",
    clockTolerance: "301",
  };
  assert.equal(await inspector.explain(asked), "faulty");
  const marked = inspector.page.locator("[aria-invalid=true]");
  const names = await marked.evaluateAll((fields) => fields.map((field) => field.id).sort());
  assert.deepEqual(names, ["algorithms", "audience", "clockTolerance", "issuer", "jwksUrl"]);
  const focused = await inspector.page.evaluate(() => document.activeElement?.id);
  assert.equal(focused, "jwksUrl", "the first of them");
  await inspector.isAccessible("faulty");
  await inspector.picture("faulty");
});

page("all settings decide as they would at the edge", async (inspector) => {
  const token = signer.token({ uuid: "u-1", exp: now() - 20, iss: "b" }, { typ: "at+jwt" });
  const asked = { token, jwks, issuer: "a, b", audience: ISSUER, userClaim: "uuid" };
  assert.equal(await inspector.explain({ ...asked, profile: "access-token" }), "expired");
  assert.equal(await inspector.explain({ clockTolerance: "60" }), "accepted");
  assert.match(await inspector.page.locator("#decision").innerText(), /"u-1"/);
  assert.equal(await inspector.explain({ algorithms: "ES256, RS256" }), "unsupported_algorithm");
});

page("a header that was copied as a whole is understood", async (inspector) => {
  const token = `  Authorization: Bearer ${signer.token()}\n`;
  assert.equal(await inspector.explain({ token, jwks, ...expected }), "accepted");
});

page(
  "what a token says is never read as HTML, and nothing in it is invisible",
  async (inspector) => {
    const hostile = '<img src="/hit" onerror="document.title=1">';
    const evil = new Signer(hostile);
    const token = evil.token({ sub: hostile, iss: "https://app.example\u202e/moc.live" });
    for (const set of [keySet(evil.jwk()), jwks]) {
      await inspector.explain({ token, jwks: set, ...expected });
      assert.equal(await inspector.page.locator("main img").count(), 0);
      assert.match(await inspector.text(), /<img src=/);
      assert.match(await inspector.text(), /\\u\{202e\}/);
      assert.doesNotMatch(await inspector.text(), /\u202e/);
    }
    assert.ok(!inspector.requests.some((url) => url.includes("hit")));
  },
);

page("no script but the page's own runs", async (inspector) => {
  const violated = await inspector.page
    .evaluate(
      () =>
        new Promise((resolve) => {
          document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => {
            resolve(effectiveDirective);
          });
          const script = document.createElement("script");
          script.src = "data:text/javascript,document.title=1";
          document.body.append(script);
        }),
    )
    .catch((error) => String(error));
  assert.match(String(violated), /script-src-elem|TrustedScriptURL/);
  assert.equal(await inspector.page.title(), "Token inspector · better-auth-edge");
});

test("a link fills the form, fetches nothing by itself, and never carries a token", async () => {
  keys.answer("/linked", jwks);
  const carried = new URLSearchParams({
    jwksUrl: `${keys.origin}/linked`,
    issuer: ISSUER,
    audience: ISSUER,
    token: "secret.token.here",
  });
  const inspector = await Inspector.open(browser, `${site.origin}/#${carried}`);
  const { page } = inspector;
  assert.ok(!keys.asked.includes("/linked"), "only a person's own act fetches");
  assert.equal(await page.inputValue("#token"), "");
  assert.ok(!page.url().includes("secret"), page.url());
  assert.match(await page.locator("#link-note").innerText(), /come from the link.*ignored/s);
  await inspector.isAccessible("link");
  await inspector.picture("link");
  assert.equal(await inspector.explain({ token: signer.token() }), "accepted");

  await page.click("#link");
  await page.locator("#link-status:not(:empty)").waitFor();
  const link = new URL(page.url());
  assert.deepEqual(Object.fromEntries(new URLSearchParams(link.hash.slice(1))), {
    jwksUrl: `${keys.origin}/linked`,
    ...expected,
  });
  await inspector.explain({ jwks, token: signer.token() });
  await page.click("#link");
  await page.waitForFunction(() => !location.hash.includes("jwks"));
  await inspector.close();
});

page("it is used by keyboard alone", async (inspector) => {
  const { keyboard } = inspector.page;
  const focused = () => inspector.page.evaluate(() => document.activeElement?.id);
  await keyboard.press("Tab");
  assert.equal(await focused(), "token");
  await keyboard.insertText(signer.token());
  await keyboard.press("Tab");
  await keyboard.press("ArrowRight");
  await keyboard.press("ArrowRight");
  await keyboard.press("Tab");
  assert.equal(await focused(), "jwks");
  await keyboard.insertText(jwks);
  const visited = [];
  for (let i = 0; i < 12 && visited.at(-1) !== "explain"; i++) {
    await keyboard.press("Tab");
    const id = await focused();
    visited.push(id);
    if (id === "issuer" || id === "audience") await keyboard.insertText(ISSUER);
  }
  await keyboard.press("Enter");
  assert.equal(await inspector.decision(), "accepted", visited.join(" "));
  await inspector.page.focus("#token");
  await keyboard.press("Control+A");
  await keyboard.insertText("a.b");
  await keyboard.press("Control+Enter");
  await inspector.page.locator("#decision.refused").waitFor();
});

page("a screen reader hears the decision by itself", async (inspector) => {
  await inspector.explain({ token: signer.token({ exp: now() - 90 }), jwks, ...expected });
  const status = inspector.page.locator("#decision");
  assert.equal(await status.getAttribute("role"), "status");
  assert.equal(await status.getAttribute("aria-live"), "polite");
  assert.match(
    await status.innerText(),
    /401 expired\s+The token has expired\s+The token expired 9\d s ago\.\s+Refused by the check “Expiry”/,
  );
  assert.match(await status.ariaSnapshot(), /status:.*heading "The token has expired"/s);
  const snapshot = await inspector.page.locator(".checks").ariaSnapshot();
  assert.match(snapshot, /heading "Expiry".*paragraph: failed/s);
});

/** @type {[string, BrowserContextOptions][]} */
const LOOKS = [
  ["light", { colorScheme: "light", viewport: { width: 1280, height: 900 } }],
  ["dark", { colorScheme: "dark", viewport: { width: 1280, height: 900 } }],
  [
    "phone",
    { colorScheme: "light", viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true },
  ],
  [
    "phone-dark",
    { colorScheme: "dark", viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true },
  ],
];

for (const [name, options] of LOOKS) {
  page(
    `everything fits and can be read: ${name}`,
    async (inspector) => {
      const fits = async (/** @type {string} */ state) => {
        await inspector.isAccessible(`${name}, ${state}`);
        await inspector.picture(`${name}-${state}`);
        const { scroll, width } = await inspector.page.evaluate(() => ({
          scroll: document.documentElement.scrollWidth,
          width: innerWidth,
        }));
        assert.ok(scroll <= width, `${state}: ${scroll} of ${width}`);
      };
      await fits("empty");
      const set = keySet(signer.jwk(), new Signer("another").jwk());
      await inspector.explain({ token: signer.token({ nbf: now() - 60 }), jwks: set, ...expected });
      await fits("accepted");
      const long = {
        iss: `https://${"long".repeat(40)}.example`,
        exp: now() - 86_400 * 3,
        iat: now() - 86_400 * 3 - 900,
      };
      await inspector.explain({ token: signer.token(long) });
      await fits("refused");
      await inspector.explain({ token: new Signer("key-1").token() });
      await fits("unverified");
    },
    { options },
  );
}

// Privacy: what the page sends, what it stores, and which content it trusts.

import assert from "node:assert/strict";
import { expected, jwks, keys, page, signer, site } from "./site.js";
import { keySet, Signer } from "./tokens.js";

page("the page fetches the keys from Better Auth and nothing else", async (inspector) => {
  keys.respond("/api/auth/jwks", jwks);
  const loaded = inspector.requests.length;
  const token = signer.token({ iss: keys.origin, aud: keys.origin });
  assert.equal(await inspector.explain({ token, baseURL: keys.origin }), "accepted");
  assert.deepEqual(inspector.requests.slice(loaded), [`${keys.origin}/api/auth/jwks`]);
  const own = inspector.requests.slice(0, loaded).map((url) => new URL(url));
  assert.ok(own.every(({ origin, search }) => origin === site.origin && search === ""));
  assert.match(await inspector.text(), new RegExp(`From ${keys.origin}/api/auth/jwks`));
});

page("every explanation fetches the keys again", async (inspector) => {
  keys.respond("/again", keySet());
  const fields = { token: signer.token(), jwksUrl: `${keys.origin}/again`, ...expected };
  assert.equal(await inspector.explain(fields), "unknown_key");
  keys.respond("/again", jwks);
  assert.equal(await inspector.explain({}), "accepted");
});

page("the token is never sent or stored", async (inspector) => {
  keys.respond("/private", jwks);
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
  const stored = await inspector.page.evaluate(async () => ({
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
  assert.deepEqual(stored, { ...nothing, address, state: null });
  await inspector.page.reload();
  assert.equal(await inspector.page.inputValue("#token"), "");
});

page("keys that CORS hides from the page are distinguished from a bad token", async (inspector) => {
  keys.respond("/cors", jwks, { headers: {} });
  const fields = { token: signer.token(), jwksUrl: `${keys.origin}/cors`, ...expected };
  assert.equal(await inspector.explain(fields), "keys_unavailable");
  assert.deepEqual(await inspector.checks("failed"), ["key"]);
  assert.match(await inspector.page.locator(".error-help .note").innerText(), /\(CORS\)/);
  const link = inspector.page.locator(".error-help a");
  assert.equal(await link.getAttribute("href"), `${keys.origin}/cors`);
  assert.equal(await link.getAttribute("rel"), "noopener noreferrer");
  await inspector.isAccessible("CORS");
  await inspector.screenshot("cors");
  await inspector.page.getByRole("button", { name: "Paste the JWK Set instead" }).click();
  assert.equal(
    await inspector.page.locator("#jwks").evaluate((e) => e === document.activeElement),
    true,
  );
  assert.equal(await inspector.explain({ jwks }), "accepted");
});

page("the page shows what a key server returned instead of keys", async (inspector) => {
  const cors = { "access-control-allow-origin": "*" };
  keys.respond("/moved", "", {
    status: 302,
    headers: { ...cors, location: `${keys.origin}/followed` },
  });
  keys.respond("/page", "<!doctype html>");
  for (const [path, cause] of [
    ["/nowhere", "could not be reached"],
    ["/moved", "the server answered with a redirect, which is not followed"],
    ["/page", "a page in place of JSON"],
  ]) {
    const jwksUrl = keys.origin + path;
    const token = signer.token();
    assert.equal(await inspector.explain({ token, jwksUrl, ...expected }), "keys_unavailable");
    const note = await inspector.page.locator(".error-help .note").innerText();
    assert.ok(note.includes(String(cause)), note);
  }
  assert.ok(!keys.requested.includes("/followed"), "a redirect is not followed");
});

page(
  "a fetch that the page's policy blocks is distinguished from a server's error",
  async (inspector) => {
    const fields = { token: signer.token(), jwksUrl: "http://keys.test/jwks", ...expected };
    assert.equal(await inspector.explain(fields), "keys_unavailable");
    assert.match(
      await inspector.page.locator(".error-help .note").innerText(),
      /fetches keys over https/,
    );
  },
);

page(
  "a token's content is never parsed as HTML, and no character of it is invisible",
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

page("only the page's own script runs", async (inspector) => {
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

const parameters = new URLSearchParams({
  jwksUrl: `${keys.origin}/linked`,
  ...expected,
  token: "secret.token.here",
});

page(
  "a link fills the form, fetches nothing by itself, and never contains a token",
  async (inspector) => {
    keys.respond("/linked", jwks);
    const { page } = inspector;
    assert.ok(!keys.requested.includes("/linked"), "only the user starts a fetch");
    assert.equal(await page.inputValue("#token"), "");
    assert.ok(!page.url().includes("secret"), page.url());
    assert.match(await page.locator("#link-note").innerText(), /come from the link.*ignored/s);
    await inspector.isAccessible("link");
    await inspector.screenshot("link");
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
  },
  { at: `${site.origin}/#${parameters}` },
);

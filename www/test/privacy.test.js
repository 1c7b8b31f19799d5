// What leaves the page, what it keeps, and what it lets in.

import assert from "node:assert/strict";
import { expected, jwks, keys, page, signer, site } from "./site.js";
import { keySet, Signer } from "./tokens.js";

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
    headers: { ...cors, location: `${keys.origin}/followed` },
  });
  keys.answer("/page", "<!doctype html>");
  for (const [path, cause] of [
    ["/nowhere", "could not be reached"],
    ["/moved", "the server answered with a redirect, which is not followed"],
    ["/page", "a page in place of JSON"],
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

const carried = new URLSearchParams({
  jwksUrl: `${keys.origin}/linked`,
  ...expected,
  token: "secret.token.here",
});

page(
  "a link fills the form, fetches nothing by itself, and never carries a token",
  async (inspector) => {
    keys.answer("/linked", jwks);
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
  },
  { at: `${site.origin}/#${carried}` },
);

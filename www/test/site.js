// `cargo xtask test inspector` builds the page and runs all of this.
//
// Shared by the tests: the built page on a static file server, a key server, a browser, a signer.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Inspector, launch, PAGE } from "./browser.js";
import { keyServer, staticServer } from "./servers.js";
import { ISSUER, keySet, Signer } from "./tokens.js";

/** @import { Browser, BrowserContextOptions } from "playwright-core" */

/** @type {Browser} */
let browser;

export const site = await staticServer(PAGE);
export const keys = await keyServer();

before(async () => {
  browser = await launch();
});

after(async () => {
  await browser?.close();
  for (const { server } of [site, keys]) {
    server.close();
    server.closeAllConnections();
  }
});

export const signer = new Signer("key-1");
export const jwks = keySet(signer.jwk());

/** The issuer and audience of valid tokens. */
export const expected = { issuer: ISSUER, audience: ISSUER };

/**
 * A test with an open page.
 *
 * @param {string} name
 * @param {(inspector: Inspector) => Promise<void>} run
 * @param {{ at?: string, options?: BrowserContextOptions }} [settings] `at` is the page's URL
 */
export function page(name, run, { at = `${site.origin}/`, options } = {}) {
  test(name, async () => {
    const inspector = await Inspector.open(browser, at, options);
    try {
      await run(inspector);
      assert.deepEqual(inspector.errors, []);
    } finally {
      await inspector.close();
    }
  });
}

// The page in a real Chromium, as a test sees it.

import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

/** @import { Browser, BrowserContextOptions, Page } from "playwright-core" */

const at = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));

/** The built page. */
export const PAGE = at("../dist/.well-known/better-auth-edge/inspector");

/** Where pictures of the page are kept, outside of what is committed. */
const PICTURES = at("../../target/inspector/screenshots");

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The flags with which all browser tests run, but for headless mode, which Playwright sets. */
export async function launch() {
  const settings = JSON.parse(await readFile(at("../../webdriver.json"), "utf8"));
  /** @type {string[]} */
  const flags = settings["goog:chromeOptions"].args;
  return await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      ...flags.filter((flag) => !flag.startsWith("--headless")),
      // a page that is not the machine's own
      "--host-resolver-rules=MAP inspector.test 127.0.0.1",
    ],
  });
}

/**
 * What a test fills in; what is left out stays as it is.
 *
 * @typedef {object} Filled
 * @property {string} [token]
 * @property {string} [baseURL]
 * @property {string} [jwksUrl]
 * @property {string} [jwks]
 * @property {string} [issuer]
 * @property {string} [audience]
 * @property {string} [profile]
 * @property {string} [userClaim]
 * @property {string} [clockTolerance]
 * @property {string} [algorithms]
 */

/** The inspector, open in a browser of its own. */
export class Inspector {
  /** Every URL that was asked for. @type {string[]} */
  requests = [];

  /** What went wrong in the page. @type {string[]} */
  faults = [];

  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    page.on("request", (request) => this.requests.push(request.url()));
    page.on("pageerror", (error) => this.faults.push(String(error)));
  }

  /**
   * @param {Browser} browser
   * @param {string} url
   * @param {BrowserContextOptions} [options]
   */
  static async open(browser, url, options) {
    const context = await browser.newContext(options);
    context.setDefaultTimeout(20_000);
    const inspector = new Inspector(await context.newPage());
    await inspector.page.goto(url, { waitUntil: "networkidle" });
    return inspector;
  }

  async close() {
    await this.page.context().close();
  }

  /**
   * Fills the form in.
   *
   * @param {Filled} filled
   */
  async fill(filled) {
    for (const source of ["baseURL", "jwksUrl", "jwks"]) {
      if (source in filled) await this.page.check(`[name=source][value=${source}]`);
    }
    const rules = this.page.locator("#rules");
    if (!(await rules.evaluate((details) => "open" in details && details.open))) {
      await rules.locator("summary").click();
    }
    for (const [name, value] of Object.entries(filled)) {
      if (name === "profile") await this.page.selectOption("#profile", value);
      else await this.page.fill(`#${name}`, value);
    }
  }

  /**
   * Fills the form in, has the token explained, and gives the decision.
   *
   * @param {Filled} filled
   */
  async explain(filled) {
    await this.fill(filled);
    await this.page.click("#explain");
    return await this.decision();
  }

  /** The code of the decision, or `accepted`, or `faulty` for settings that cannot be used. */
  async decision() {
    const decision = this.page.locator("#decision:is(.accepted, .refused, .faulty)");
    await decision.waitFor();
    const code = decision.locator(".verdict code");
    return (await code.count()) > 0 ? await code.innerText() : await decision.getAttribute("class");
  }

  /** The names of the checks with that outcome. @param {string} outcome */
  async checks(outcome) {
    const checks = this.page.locator(`.checks > .${outcome}`);
    return await checks.evaluateAll((all) => all.map((check) => check.getAttribute("data-check")));
  }

  /** What a check shows of the token and of its rule. @param {string} name */
  async check(name) {
    const values = this.page.locator(`[data-check=${name}] dd`);
    return await values.allInnerTexts();
  }

  /** Everything that is to be read. */
  async text() {
    return await this.page.locator("body").innerText();
  }

  /** Fails if axe finds anything that somebody could not use. @param {string} state */
  async isAccessible(state) {
    // by the debugger: the page's own policy lets no other script in
    await this.page.evaluate(axe);
    const violations = await this.page.evaluate(async () => {
      // @ts-expect-error: axe is what was just evaluated
      const results = await globalThis.axe.run();
      // @ts-expect-error: likewise
      return results.violations.map(({ id, nodes }) => `${id}: ${nodes.map((n) => n.html)}`);
    });
    assert.deepEqual(violations, [], state);
  }

  /** Keeps a picture of the whole page. @param {string} name */
  async picture(name) {
    await mkdir(PICTURES, { recursive: true });
    await this.page.screenshot({ path: `${PICTURES}/${name}.png`, fullPage: true });
  }
}

// Drives the page in Chromium.

import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

/** @import { Browser, BrowserContextOptions, Page } from "playwright-core" */

const at = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));

/** The built page. */
export const PAGE = at("../dist/.well-known/better-auth-edge/inspector");

/** Directory of the screenshots, which are not committed. */
const SCREENSHOTS = at("../../target/inspector/screenshots");

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Starts Chromium with the flags of all browser tests. Playwright sets headless mode itself. */
export async function launch() {
  const settings = JSON.parse(await readFile(at("../../webdriver.json"), "utf8"));
  /** @type {string[]} */
  const flags = settings["goog:chromeOptions"].args;
  return await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      ...flags.filter((flag) => !flag.startsWith("--headless")),
      // a host that is not loopback to the browser
      "--host-resolver-rules=MAP inspector.test 127.0.0.1",
    ],
  });
}

/**
 * Values for the form. Fields that are left out keep their values.
 *
 * @typedef {object} Fields
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

/** The inspector in its own browser context. */
export class Inspector {
  /** The URLs of all requests. @type {string[]} */
  requests = [];

  /** Uncaught errors of the page. @type {string[]} */
  errors = [];

  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    page.on("request", (request) => this.requests.push(request.url()));
    page.on("pageerror", (error) => this.errors.push(String(error)));
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
   * Fills in the form.
   *
   * @param {Fields} fields
   */
  async fill(fields) {
    for (const source of ["baseURL", "jwksUrl", "jwks"]) {
      if (source in fields) await this.page.check(`[name=source][value=${source}]`);
    }
    const rules = this.page.locator("#rules");
    if (!(await rules.evaluate((details) => "open" in details && details.open))) {
      await rules.locator("summary").click();
    }
    for (const [name, value] of Object.entries(fields)) {
      if (name === "profile") await this.page.selectOption("#profile", value);
      else await this.page.fill(`#${name}`, value);
    }
  }

  /**
   * Fills in the form, explains the token, and returns the decision.
   *
   * @param {Fields} fields
   */
  async explain(fields) {
    await this.fill(fields);
    await this.page.click("#explain");
    return await this.decision();
  }

  /** The error code, or `accepted`, or `invalid` for invalid settings. */
  async decision() {
    const decision = this.page.locator("#decision:is(.accepted, .rejected, .invalid)");
    await decision.waitFor();
    const code = decision.locator(".verdict code");
    return (await code.count()) > 0 ? await code.innerText() : await decision.getAttribute("class");
  }

  /** The names of the checks with that outcome. @param {string} outcome */
  async checks(outcome) {
    const checks = this.page.locator(`.checks > .${outcome}`);
    return await checks.evaluateAll((all) => all.map((check) => check.getAttribute("data-check")));
  }

  /** The token's value and the rule that a check shows. @param {string} name */
  async check(name) {
    const values = this.page.locator(`[data-check=${name}] dd`);
    return await values.allInnerTexts();
  }

  /** The visible text of the page. */
  async text() {
    return await this.page.locator("body").innerText();
  }

  /** Fails if axe finds an accessibility violation. @param {string} state */
  async isAccessible(state) {
    // through the debugger, because the page's policy allows no other script
    await this.page.evaluate(axe);
    const violations = await this.page.evaluate(async () => {
      // @ts-expect-error: the script above defines axe
      const results = await globalThis.axe.run();
      // @ts-expect-error: likewise
      return results.violations.map(({ id, nodes }) => `${id}: ${nodes.map((n) => n.html)}`);
    });
    assert.deepEqual(violations, [], state);
  }

  /** Saves a screenshot of the whole page. @param {string} name */
  async screenshot(name) {
    await mkdir(SCREENSHOTS, { recursive: true });
    await this.page.screenshot({ path: `${SCREENSHOTS}/${name}.png`, fullPage: true });
  }
}

// The page "See the edge at work" in Chromium: each button, with real decisions.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { isDemo } from "../lib/demo.ts";
import { contextAt, cookiesOf } from "./context.ts";
import { lowContrasts } from "./contrast.ts";
import { type BrowserUser, send, signUp } from "./http.ts";

/** What a button leads to: the response, and whether FastAPI sees the user. */
const EXPECTED: Record<string, [status: number, code?: string]> = {
  "Your own path": [200],
  "Another user’s path": [403, "user_mismatch"],
  "No token": [401, "missing_token"],
  "A forged identity header": [200],
  "An opaque session token": [200],
  "An altered signature": [401, "bad_signature"],
  "An expired token": [401, "expired"],
  "A rotated key": [200],
  "Signed out elsewhere": [401, "session_revoked"],
};

const OTHER_USER = "00000000-0000-4000-8000-000000000000";

/** Where pictures of the page go, if anywhere. */
const SCREENSHOTS = process.env.SCREENSHOTS;

/**
 * @param base returns the URL of the running application, which has `DEMO=1`
 * @param logs returns what the servers have logged
 */
export function demo(base: () => string, browser: () => Browser, logs: () => string[]): void {
  let context: BrowserContext;
  let page: Page;
  let ada: BrowserUser;
  const logged: string[] = [];
  before(async () => {
    context = await contextAt(browser(), base());
    ada = await signUp(base());
    page = await open(context, ada);
    page.on("console", (message) => logged.push(message.text()));
    page.on("pageerror", (error) => logged.push(error.message));
  });
  after(() => context?.close());

  /** Opens the page as that user. */
  async function open(where: BrowserContext, { cookie }: BrowserUser): Promise<Page> {
    // the loader of the tests wraps functions by this name, also those that run in the page
    await where.addInitScript("globalThis.__name = (value) => value");
    await where.addCookies(cookiesOf(cookie, base()));
    const opened = await where.newPage();
    await opened.goto("/edge");
    await button(opened, "Your own path").and(opened.locator("[aria-disabled=false]")).waitFor();
    return opened;
  }

  for (const [title, [status, code]] of Object.entries(EXPECTED)) {
    test(`the button "${title}" shows ${code ?? status}, and what FastAPI saw`, async () => {
      const shown = page.waitForResponse((response) => {
        const { pathname } = new URL(response.url());
        return /^\/api\/[^/]+\/whoami$/.test(pathname) && response.status() === status;
      });
      await press(page, title);
      // the page shows the decision that the browser has received
      const real = await (await shown).json();
      assert.equal(real.code, code);
      const [browserShows, edge, api] = await stations(page);
      assert.ok(edge.includes(String(status)), edge);
      assert.match(await sentence(page), new RegExp(`^${status}`));
      if (code) {
        assert.ok(edge.includes(code) && edge.includes(real.detail), edge);
        assert.match(api, /Nothing.*no request with this id/s);
      } else {
        assert.equal(real.user.uuid, ada.uuid);
        assert.ok(api.includes(ada.uuid), api);
        assert.doesNotMatch(api, new RegExp(OTHER_USER));
      }
      if (title.includes("forged")) {
        assert.ok(browserShows.includes(OTHER_USER));
        assert.match(api, /None of the forged values arrived/);
      }
    });
  }

  test("a rotation shows two key ids, and a sign-out shows that the token was valid before", async () => {
    await press(page, "A rotated key");
    const [rotated] = await stations(page);
    const [, old, fresh] = /(\S+…) is retired, (\S+…) signs/.exec(rotated) ?? [];
    assert.ok(old && fresh && old !== fresh, rotated);
    await press(page, "Signed out elsewhere");
    assert.match((await stations(page))[0], /Its first request: 200/);
    // the page's own session goes on
    await press(page, "Your own path");
    assert.match(await sentence(page), /^200/);
  });

  test("the page says that a request arrived if FastAPI's record says so", async () => {
    await page.route("**/arrivals/*", (route) => route.fulfill({ json: { arrived: true } }));
    await press(page, "No token");
    assert.match(await sentence(page), /FastAPI rejected it/);
    await page.unroute("**/arrivals/*");
    await page.route("**/arrivals/*", (route) => route.fulfill({ status: 503, json: {} }));
    await press(page, "No token");
    assert.match(await sentence(page), /could not be read/);
    await page.unroute("**/arrivals/*");
  });

  test("a failure of Better Auth is shown, and the page shows no decision of the edge", async () => {
    await page.route("**/api/auth/token", (route) => route.fulfill({ status: 429, json: {} }));
    await button(page, "Your own path").click();
    await page.getByRole("status").filter({ hasText: "429" }).waitFor();
    assert.equal(await page.locator(".way").getAttribute("data-verdict"), "waiting");
    await page.unroute("**/api/auth/token");
  });

  test("the page works by keyboard alone, and the focus is visible and stays on the button", async () => {
    await page.reload();
    await button(page, "Your own path").and(page.locator("[aria-disabled=false]")).waitFor();
    const order: string[] = [];
    for (let i = 0; i < 40 && order.at(-1) !== "A rotated key"; i += 1) {
      await page.keyboard.press("Tab");
      order.push(await page.evaluate(focusedName));
    }
    const titles = Object.keys(EXPECTED);
    assert.deepEqual(
      order.filter((name) => titles.includes(name)),
      titles.slice(0, titles.indexOf("A rotated key") + 1),
    );
    assert.ok(order.indexOf("Sign out") < order.indexOf("Your own path"), "the navigation first");
    await page.keyboard.press("Shift+Tab");
    assert.equal(await page.evaluate(focusedName), "An expired token");
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement as Element));
    assert.equal(outline.outlineStyle, "solid");
    assert.ok(Number.parseFloat(outline.outlineWidth) >= 2);
    await page.keyboard.press("Enter");
    await page.getByRole("status").filter({ hasText: "401 expired" }).waitFor();
    assert.equal(await page.evaluate(focusedName), "An expired token");
  });

  test("a screen reader hears the result, and the outcome of each check", async () => {
    await press(page, "An altered signature");
    const status = page.getByRole("status");
    assert.match(await status.innerText(), /^401 bad_signature/);
    const checks = await page.getByRole("list", { name: "Checks" }).ariaSnapshot();
    assert.match(checks, /Key passed[\s\S]*Signature failed[\s\S]*Claims did not run/);
    const described = button(page, "An altered signature");
    assert.match((await described.getAttribute("aria-describedby")) ?? "", /altered-status/);
    assert.equal(await page.locator("#altered-status").innerText(), "401");
  });

  test("without a preference for reduced motion the request travels, and with it nothing moves", async () => {
    for (const [reducedMotion, name] of [
      ["no-preference", "travel"],
      ["reduce", "none"],
    ] as const) {
      await page.emulateMedia({ reducedMotion });
      await press(page, "Your own path");
      const animation = await page.evaluate(
        () =>
          getComputedStyle(document.querySelector(".leg.first") as Element, "::after")
            .animationName,
      );
      assert.equal(animation, name);
    }
  });

  test("every text has a contrast of 4.5 or more, in light and in dark", async () => {
    const texts = await page.evaluate(lowContrasts, 22);
    assert.ok(texts.length > 30, "the check sees the page's texts");
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      for (const title of Object.keys(EXPECTED)) {
        await press(page, title);
        assert.deepEqual(await page.evaluate(lowContrasts, 4.5), [], `${colorScheme}, ${title}`);
      }
    }
    await page.emulateMedia({ colorScheme: null });
  });

  test("on a phone nothing scrolls sideways, and the result comes into view", async () => {
    const phone = await browser().newContext({
      baseURL: base(),
      viewport: { width: 360, height: 740 },
      reducedMotion: "reduce",
    });
    try {
      const small = await open(phone, ada);
      for (const title of Object.keys(EXPECTED)) {
        await press(small, title);
        const [scroll, client] = await small.evaluate(() => {
          const { scrollWidth, clientWidth } = document.documentElement;
          return [scrollWidth, clientWidth];
        });
        assert.equal(scroll, client, title);
        await small.waitForFunction(() => {
          const top = document.querySelector(".result")?.getBoundingClientRect().top ?? -1;
          return top >= 0 && top < innerHeight / 2;
        });
      }
    } finally {
      await phone.close();
    }
  });

  test("neither the page nor the servers log a token", async () => {
    const [session = ""] = ada.session.split(".");
    assert.ok(session.length > 20);
    for (const text of [...logged, ...logs()]) {
      assert.ok(!/eyJ[\w-]{8}/.test(text) && !text.includes(session), "a log contains a token");
    }
    assert.doesNotMatch(await page.locator("main").innerText(), /eyJ[\w-]{20}/);
  });

  test("the navigation signs the user out on this page", async () => {
    const other = await contextAt(browser(), base());
    try {
      const own = await open(other, await signUp(base()));
      await own.getByRole("navigation").getByRole("button", { name: "Sign out" }).click();
      await own.waitForURL(`${base()}/`);
      await own.goto("/edge");
      assert.equal(new URL(own.url()).pathname, "/sign-in");
      await own.getByRole("navigation").getByRole("link", { name: "Sign in" }).waitFor();
    } finally {
      await other.close();
    }
  });

  if (!SCREENSHOTS) return;
  test("pictures of the page", async () => {
    mkdirSync(SCREENSHOTS, { recursive: true });
    const shown = { name: "Ada", email: "ada@example.com" };
    const person = await signUp(base(), "/api/auth/sign-up/email", shown);
    for (const { name, title, ...options } of [
      { name: "demo-light", title: "Signed out elsewhere", colorScheme: "light" },
      { name: "demo-dark", title: "Signed out elsewhere", colorScheme: "dark" },
      { name: "demo-phone", title: "Another user’s path", colorScheme: "light", isPhone: true },
    ] as const) {
      const viewport = "isPhone" in options ? PHONE : DESKTOP;
      const { colorScheme } = options;
      const shot = await browser().newContext({ baseURL: base(), colorScheme, viewport });
      const opened = await open(shot, person);
      for (const other of Object.keys(EXPECTED)) await press(opened, other);
      await press(opened, title);
      await opened.mouse.move(0, 0);
      const path = join(SCREENSHOTS, `${name}.png`);
      await opened.screenshot({ path, animations: "disabled", fullPage: "isPhone" in options });
      await shot.close();
    }
  });
}

const DESKTOP = { width: 1240, height: 860 };
const PHONE = { width: 390, height: 844 };

/**
 * The application without `DEMO=1`.
 *
 * @param base returns its URL
 */
export function withoutDemo(base: () => string): void {
  test("without DEMO=1 the page does not exist, and no path of it leads to FastAPI", async () => {
    const { cookie, uuid } = await signUp(base());
    assert.equal((await send(base(), "/edge", { cookie })).status, 404);
    for (const path of [`/api/${uuid}/whoami`, `/api/${uuid}/arrivals/12345678`]) {
      const { status, headers, text } = await send(base(), path, { cookie });
      assert.deepEqual([status, headers["content-type"]?.includes("html")], [404, true], text);
    }
    const { text } = await send(base(), "/tasks", { cookie });
    assert.match(text, /My tasks/);
    assert.doesNotMatch(text, /See the edge at work/);
  });
}

/** Where `DEMO=1` is an error. */
export function onlyOnLoopback(): void {
  const names = ["EDGE_ISSUER", "BETTER_AUTH_URL", "API_URL"];
  const local = Object.fromEntries(names.map((name) => [name, "http://127.0.0.1:3000"]));

  /** `isDemo` with these environment variables. */
  function isDemoWith(variables: Record<string, string>): boolean {
    const before = { ...process.env };
    for (const name of names) delete process.env[name];
    Object.assign(process.env, variables);
    try {
      return isDemo();
    } finally {
      process.env = before;
    }
  }

  test("DEMO=1 is an error unless every URL is a loopback address", () => {
    assert.equal(isDemoWith({ ...local, DEMO: "1" }), true);
    for (const DEMO of ["", "0", "true"]) assert.equal(isDemoWith({ ...local, DEMO }), false);
    for (const name of names) {
      for (const url of [
        "",
        "https://app.example.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://127.0.0.1@example.com",
        "http://0.0.0.0:3000",
      ]) {
        const run = () => isDemoWith({ ...local, [name]: url, DEMO: "1" });
        assert.throws(run, { message: `DEMO=1 requires that ${name} is a loopback address` }, url);
      }
      const { [name]: _, ...others } = local;
      assert.throws(() => isDemoWith({ ...others, DEMO: "1" }), /loopback/);
    }
  });
}

function button(page: Page, title: string) {
  return page.getByRole("button", { name: title, exact: true });
}

/** Presses the button and waits for its result. */
async function press(page: Page, title: string): Promise<void> {
  const before = await page.locator(".way").getAttribute("data-run");
  await button(page, title).click();
  await page.waitForFunction(
    (run) => document.querySelector(".way")?.getAttribute("data-run") !== run,
    before,
  );
  await page
    .getByRole("region", { name: "Result" })
    .getByRole("heading", { name: title })
    .waitFor();
  await button(page, title).and(page.locator("[aria-busy=false]")).waitFor();
}

function sentence(page: Page): Promise<string> {
  return page.getByRole("status").innerText();
}

/** The texts of the three stations. */
async function stations(page: Page): Promise<[string, string, string]> {
  return (await page.locator(".way > li").allInnerTexts()) as [string, string, string];
}

/** The name of the focused element, in the page. */
function focusedName(): string {
  const focused = document.activeElement;
  const label = document.getElementById(focused?.getAttribute("aria-labelledby") ?? "");
  return (label ?? focused)?.textContent ?? "";
}

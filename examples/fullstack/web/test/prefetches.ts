// Prefetches of Next's router and of browsers, and the code that a page loads.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Browser } from "playwright-core";
import { contextAt } from "./context.ts";
import { send } from "./http.ts";

/** @param base returns the URL of the running application */
export function prefetches(base: () => string, browser: () => Browser): void {
  test("a link that was prefetched before the sign-in leads to its page after it", async () => {
    const context = await contextAt(browser(), base());
    try {
      const page = await context.newPage();
      const fetched = page.waitForResponse((response) => path(response.url()) === "/me");
      await page.goto("/links");
      assert.equal((await fetched).status(), 401);
      await page.evaluate(
        async (email) => {
          const body = JSON.stringify({ name: "Ada", email, password: "correct horse battery" });
          const headers = { "content-type": "application/json" };
          await fetch("/api/auth/sign-up/email", { method: "POST", headers, body });
        },
        `prefetch-${new URL(base()).port}@example.com`,
      );
      await page.getByRole("link", { name: "Prefetched" }).click();
      await page.locator("#user").waitFor();
      assert.equal(path(page.url()), "/me");
    } finally {
      await context.close();
    }
  });

  test("a prefetched link leads to the sign-in page while no user is signed in", async () => {
    const context = await contextAt(browser(), base());
    try {
      const page = await context.newPage();
      await page.goto("/links");
      await page.getByRole("link", { name: "Prefetched" }).click();
      await page.waitForURL("**/sign-in?next=%2Fme");
    } finally {
      await context.close();
    }
  });

  test("a prefetch gets 401 and a navigation gets a redirect", async () => {
    const chrome = "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0.0.0";
    for (const headers of [
      { "sec-purpose": "prefetch", "sec-fetch-dest": "document", accept: "text/html" },
      { "sec-purpose": "prefetch;prerender" },
      { purpose: "prefetch" },
      { "sec-fetch-dest": "empty", "sec-fetch-mode": "cors" },
      { rsc: "1", "next-router-prefetch": "1", "next-url": "/" },
      { "user-agent": chrome, accept: "*/*", rsc: "1", "next-router-prefetch": "1" },
    ] as Record<string, string>[]) {
      const response = await send(base(), "/me", headers);
      const shown = JSON.stringify(headers);
      assert.equal(response.status, 401, shown);
      assert.match(String(response.headers["cache-control"]), /no-store/, shown);
    }
    for (const headers of [
      {},
      { accept: "*/*" },
      { "user-agent": chrome, accept: "text/html,application/xhtml+xml" },
      { "sec-fetch-dest": "document", "sec-fetch-mode": "navigate" },
      { "sec-fetch-dest": "iframe", "sec-fetch-mode": "navigate" },
    ] as Record<string, string>[]) {
      assert.equal((await send(base(), "/me", headers)).status, 307, JSON.stringify(headers));
    }
  });
}

/** @param files returns the directory of the files that browsers load */
export function bundles(base: () => string, browser: () => Browser, files: () => string): void {
  test("a page in the browser can call returnPath, and loads no wasm and no code for Node", async () => {
    const context = await contextAt(browser(), base());
    try {
      const page = await context.newPage();
      const unexpected: string[] = [];
      page.on("pageerror", (error) => unexpected.push(error.message));
      page.on("request", (request) => {
        if (request.url().includes(".wasm")) unexpected.push(request.url());
      });
      for (const [next, shown] of [
        ["/me?a=b", "/me?a=b"],
        ["//evil.example", "none"],
      ] as const) {
        await page.goto(`/links?next=${encodeURIComponent(next)}`);
        await page.locator("#return-path", { hasText: shown }).waitFor();
      }
      assert.deepEqual(unexpected, []);
    } finally {
      await context.close();
    }
    const scripts = readdirSync(files(), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".js"))
      .map((name) => readFileSync(join(files(), name), "utf8"));
    assert.ok(
      scripts.some((text) => text.includes("site.invalid")),
      "no script contains returnPath",
    );
    for (const text of scripts) {
      assert.doesNotMatch(text, /better_auth_edge|x-edge-jwt-assertion|["']node:fs/);
    }
  });
}

function path(url: string): string {
  return new URL(url).pathname;
}

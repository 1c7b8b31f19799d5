// The application with a `basePath`, with trailing slashes, and with Better Auth below its path.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Browser } from "playwright-core";
import { contextAt } from "./context.ts";
import { send, signUp } from "./http.ts";

/** @param base returns the site's URL */
export function mounted(base: () => string, browser: () => Browser): void {
  test("Better Auth's own paths are public below the basePath, with and without a slash", async () => {
    for (const path of ["/app/api/auth/jwks/", "/app/api/auth/get-session/"]) {
      assert.equal((await send(base(), path)).status, 200, path);
    }
    const redirected = await send(base(), "/app/api/auth/jwks");
    assert.equal(redirected.status, 308);
    assert.match(String(redirected.headers.location), /\/app\/api\/auth\/jwks\/$/);
  });

  test("a session is exchanged although Next redirects the exchange to a path with a slash", async () => {
    const user = await signUp(base(), "/app/api/auth/sign-up/email/");
    const page = await send(base(), "/app/me/", { cookie: user.cookie });
    assert.equal(page.status, 200);
    assert.ok(page.text.includes(user.uuid));
    const tasks = await send(base(), `/app/api/${user.uuid}/tasks/`, { cookie: user.cookie });
    // FastAPI has no path with a slash: the 404 is FastAPI's and not the edge's
    assert.deepEqual([tasks.status, tasks.json().code], [404, "not_found"]);
    const others = await send(base(), "/app/api/other-user/tasks/", { cookie: user.cookie });
    assert.deepEqual([others.status, others.json().code], [403, "user_mismatch"]);
  });

  test("the path to return to is the browser's, with the basePath once", async () => {
    for (const [path, next] of [
      ["/app/me/?a=b", "/app/me/?a=b"],
      ["/app/tasks/", "/app/tasks/"],
    ] as const) {
      const response = await send(base(), path);
      assert.equal(response.status, 307);
      const to = new URL(String(response.headers.location), base());
      assert.deepEqual([to.pathname, to.searchParams.get("next")], ["/app/sign-in/", next]);
    }
  });

  test("after the sign-up users are on the page that they requested", async () => {
    const context = await contextAt(browser(), base());
    try {
      const page = await context.newPage();
      await page.goto("/app/me/?from=test");
      await page.waitForURL("**/app/sign-in/?next=*");
      const next = new URL(page.url()).searchParams.get("next") ?? "";
      await page.goto(`/app/sign-up/?next=${encodeURIComponent(next)}`);
      await page.getByLabel("Name").fill("Ada");
      await page.getByLabel("Email").fill("mounted@example.com");
      await page.getByLabel("Password").fill("correct horse battery");
      await page.getByRole("button", { name: "Sign up" }).click();
      await page.waitForURL(`${base()}/app/me/?from=test`);
      await page.locator("#user", { hasText: "mounted@example.com" }).waitFor();
    } finally {
      await context.close();
    }
  });
}

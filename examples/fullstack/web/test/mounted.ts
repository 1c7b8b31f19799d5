// The application under a path of its site, with a slash at the end of every path, and Better Auth in it.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Browser } from "playwright-core";
import { contextAt } from "./context.ts";
import { send, signUp } from "./http.ts";

/** @param base gives the site's URL once it runs */
export function mounted(base: () => string, browser: () => Browser): void {
  test("Better Auth's own paths are public there, with a slash and without", async () => {
    for (const path of ["/app/api/auth/jwks/", "/app/api/auth/get-session/"]) {
      assert.equal((await send(base(), path)).status, 200, path);
    }
    const redirected = await send(base(), "/app/api/auth/jwks");
    assert.equal(redirected.status, 308);
    assert.match(String(redirected.headers.location), /\/app\/api\/auth\/jwks\/$/);
  });

  test("a session is exchanged although Next redirects the question to another path", async () => {
    const visitor = await signUp(base(), "/app/api/auth/sign-up/email/");
    const page = await send(base(), "/app/me/", { cookie: visitor.cookie });
    assert.equal(page.status, 200);
    assert.ok(page.text.includes(visitor.uuid));
    const tasks = await send(base(), `/app/api/${visitor.uuid}/tasks/`, { cookie: visitor.cookie });
    // FastAPI has no slash there: it is FastAPI that says so, and not the edge
    assert.deepEqual([tasks.status, tasks.json().code], [404, "not_found"]);
    const others = await send(base(), "/app/api/other-user/tasks/", { cookie: visitor.cookie });
    assert.deepEqual([others.status, others.json().code], [403, "user_mismatch"]);
  });

  test("the way back names the path that the browser knows, once", async () => {
    for (const [path, next] of [
      ["/app/me/?a=b", "/app/me/?a=b"],
      ["/app/tasks/", "/app/tasks/"],
    ] as const) {
      const answer = await send(base(), path);
      assert.equal(answer.status, 307);
      const to = new URL(String(answer.headers.location), base());
      assert.deepEqual([to.pathname, to.searchParams.get("next")], ["/app/sign-in/", next]);
    }
  });

  test("people are back on the page that they asked for once they have signed in", async () => {
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

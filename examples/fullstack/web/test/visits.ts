// Visits of users to the application, in Chromium.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { contextAt } from "./context.ts";
import { signUp } from "./http.ts";

const PASSWORD = "correct horse battery";

/** @param base returns the URL of the running application */
export function visits(base: () => string, browser: () => Browser): void {
  test("a user signs up, uses the application, cannot read another user's tasks, and signs out", async () => {
    const context = await contextAt(browser(), base());
    try {
      const page = await context.newPage();
      const email = `ada-${new URL(base()).port}@example.com`;

      await page.goto("/me?from=test");
      assert.equal(path(page), "/sign-in");
      await page.getByRole("main").getByRole("link", { name: "Sign up" }).click();
      await page.getByLabel("Name").fill("Ada");
      await fill(page, email);
      await page.getByRole("button", { name: "Sign up" }).click();
      await page.waitForURL("**/me?from=test");
      assert.match(await page.locator("#user").innerText(), new RegExp(`"email": "${email}"`));

      await page.getByRole("link", { name: "My tasks" }).click();
      await page.getByRole("heading", { name: "Tasks of Ada" }).waitFor();
      await page.getByLabel("New task").fill("Try the edge");
      await page.getByRole("button", { name: "Add" }).click();
      await page.getByRole("listitem").filter({ hasText: "Try the edge" }).waitFor();
      await page.reload();
      await page.getByRole("listitem").filter({ hasText: "Try the edge" }).waitFor();

      const other = await signUp(base());
      const rejected = await page.evaluate(async (uuid) => {
        const response = await fetch(`/api/${uuid}/tasks`);
        return [response.status, (await response.json()).code];
      }, other.uuid);
      assert.deepEqual(rejected, [403, "user_mismatch"]);

      await page.goto("/me");
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.waitForURL(`${base()}/`);
      await page.goto("/tasks");
      assert.equal(path(page), "/sign-in");

      await fill(page, email);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.waitForURL("**/tasks");
      await page.getByRole("listitem").filter({ hasText: "Try the edge" }).waitFor();
    } finally {
      await context.close();
    }
  });

  test("a link to the sign-in page cannot redirect to another site", async () => {
    for (const next of [
      "//evil.example",
      "/\\evil.example",
      "https://evil.example",
      "/.//evil.example",
    ]) {
      const context = await contextAt(browser(), base());
      try {
        const page = await context.newPage();
        const elsewhere: string[] = [];
        page.on("request", (request) => {
          if (!request.url().startsWith(base())) elsewhere.push(request.url());
        });
        await page.goto(`/sign-up?next=${encodeURIComponent(next)}`);
        await page.getByLabel("Name").fill("Eve");
        await fill(page, `eve-${Math.random()}@example.com`);
        await page.getByRole("button", { name: "Sign up" }).click();
        await page.waitForURL("**/tasks");
        assert.deepEqual(elsewhere, [], next);
      } finally {
        await context.close();
      }
    }
  });
}

async function fill(page: Page, email: string): Promise<void> {
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password").fill(PASSWORD);
}

function path(page: Page): string {
  return new URL(page.url()).pathname;
}

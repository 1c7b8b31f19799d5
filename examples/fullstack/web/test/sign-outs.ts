// Sign-outs in one tab, and what the other tabs and clients of the session can still do.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { contextAt, cookiesOf } from "./context.ts";
import { send, signUp } from "./http.ts";

/** The status and the code of a response of the API. */
type Outcome = [status: number, code?: unknown];

/** @param base returns the URL of the running application */
export function signOuts(base: () => string, browser: () => Browser): void {
  test("a sign-out in one tab ends the session in every tab, and the tokens that they have fetched", async () => {
    const contexts = [await contextAt(browser(), base()), await contextAt(browser(), base())];
    const [own, other] = contexts as [BrowserContext, BrowserContext];
    try {
      const ada = await signUp(base());
      await own.addCookies(cookiesOf(ada.cookie, base()));
      const [first, second] = [await own.newPage(), await own.newPage()];
      await first.goto("/me");
      await second.goto("/me");
      const tasks = `/api/${ada.uuid}/tasks`;
      const token = await fetchToken(second);
      // another browser, without the session's cookie
      const third = await other.newPage();
      await third.goto("/sign-in");

      const clients = [
        () => get(second, tasks, token),
        () => get(second, "/api/me", token),
        () => get(third, tasks, token),
      ];
      for (const client of clients) assert.deepEqual(await client(), [200]);
      assert.deepEqual(await get(second, tasks), [200]);
      assert.deepEqual(await withCookie(base(), tasks, ada.cookie), [200]);

      await first.getByRole("button", { name: "Sign out" }).click();
      await first.waitForURL(`${base()}/`);

      for (const client of clients) {
        assert.deepEqual(await onceRefused(client), [401, "session_revoked"]);
      }
      assert.deepEqual(await get(second, tasks), [401, "missing_token"]);
      const [status] = await onceRefused(() => withCookie(base(), tasks, ada.cookie));
      assert.equal(status, 401, "a copy of the cookie");
      await second.reload();
      assert.equal(new URL(second.url()).pathname, "/sign-in");
    } finally {
      await Promise.all(contexts.map((context) => context.close()));
    }
  });

  test("a sign-out does not end the sessions of other users", async () => {
    const [ada, grace] = [await signUp(base()), await signUp(base())];
    const headers = { cookie: ada.cookie, origin: base() };
    const graces = `/api/${grace.uuid}/tasks`;
    const fetched = await send(base(), "/api/auth/token", { cookie: grace.cookie });
    const token = String(fetched.json().token);
    await send(base(), "/api/auth/sign-out", headers, { method: "POST" });
    const tasks = `/api/${ada.uuid}/tasks`;
    const refused = await onceRefused(() => withCookie(base(), tasks, ada.cookie));
    assert.equal(refused[0], 401);
    assert.deepEqual(await withCookie(base(), graces, grace.cookie), [200]);
    const response = await send(base(), graces, { authorization: `Bearer ${token}` });
    assert.equal(response.status, 200);
  });
}

/** Fetches a token of the page's session, as an API client in the page does. */
function fetchToken(page: Page): Promise<string> {
  return page.evaluate(async () => (await (await fetch("/api/auth/token")).json()).token);
}

/** Requests the path in the page: with this token and no cookies, or with the page's cookies. */
function get(page: Page, path: string, token?: string): Promise<Outcome> {
  return page.evaluate(
    async ([path, token]) => {
      const init: RequestInit = token
        ? { credentials: "omit", headers: { authorization: `Bearer ${token}` } }
        : {};
      const response = await fetch(path, init);
      if (response.ok) return [response.status];
      return [response.status, (await response.json()).code];
    },
    [path, token] as const,
  );
}

/** Requests the path with a cookie, outside a browser. */
async function withCookie(base: string, path: string, cookie: string): Promise<Outcome> {
  const response = await send(base, path, { cookie });
  return response.status === 200 ? [200] : [response.status, response.json().code];
}

/** The first outcome that is not a success. The event of a sign-out is on its way meanwhile. */
async function onceRefused(request: () => Promise<Outcome>): Promise<Outcome> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    const outcome = await request();
    if (outcome[0] !== 200) return outcome;
    await sleep(100);
  }
  assert.fail("no request was refused within a minute");
}

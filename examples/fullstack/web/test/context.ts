import type { Browser, BrowserContext } from "playwright-core";

/** A browser without cookies, which waits while a busy machine compiles a page for development. */
export async function contextAt(browser: Browser, baseURL: string): Promise<BrowserContext> {
  const context = await browser.newContext({ baseURL });
  context.setDefaultTimeout(120_000);
  return context;
}

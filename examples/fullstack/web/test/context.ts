import type { Browser, BrowserContext } from "playwright-core";

/**
 * A browser context without cookies. Its long timeout covers the compilation of development pages.
 */
export async function contextAt(browser: Browser, baseURL: string): Promise<BrowserContext> {
  const context = await browser.newContext({ baseURL });
  context.setDefaultTimeout(120_000);
  return context;
}

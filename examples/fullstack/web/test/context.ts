import type { Browser, BrowserContext } from "playwright-core";

/**
 * A browser context without cookies. Its long timeout covers the compilation of development pages.
 */
export async function contextAt(browser: Browser, baseURL: string): Promise<BrowserContext> {
  const context = await browser.newContext({ baseURL });
  context.setDefaultTimeout(120_000);
  return context;
}

/** The cookies of a header, for a browser. */
export function cookiesOf(header: string, url: string) {
  return header.split("; ").map((pair) => {
    const [name = "", ...value] = pair.split("=");
    return { name, value: value.join("="), url };
  });
}

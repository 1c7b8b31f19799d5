import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Browser, chromium } from "playwright-core";
import type { Case } from "../cases.ts";
import { bundle, WASM } from "./bundle.ts";
import type { Outcome } from "./judge.ts";

/** The browser that the tests were given. */
export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--no-proxy-server", "--disable-background-networking"],
  });
}

/** In a real browser, bundled by its condition, with the wasm as a file on the page's server. */
export async function inChromium(cases: Case[], keys: string): Promise<Outcome[][]> {
  return onPage(["application/wasm", await readFile(WASM)], cases, keys);
}

/** On a page whose server answers with this media type and this content where the wasm file should be. */
export async function onPage(
  wasm: [type: string, content: string | Buffer],
  cases: Case[],
  keys: string,
): Promise<Outcome[][]> {
  const files: Record<string, [string, string | Buffer]> = {
    "/": ["text/html", "<!doctype html><title>Cases</title>"],
    "/assets/judge.js": ["text/javascript", await bundle("global.ts", ["browser"])],
    "/better_auth_edge.wasm": wasm,
  };
  const server = createServer((request, response) => {
    const [type, content] = files[request.url ?? ""] ?? [];
    if (type) response.setHeader("content-type", type).end(content);
    else response.writeHead(404).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");

  const browser = await launch();
  try {
    const page = await browser.newPage();
    const { port } = server.address() as AddressInfo;
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.addScriptTag({ url: "/assets/judge.js", type: "module" });
    await page.waitForFunction("'judge' in globalThis");
    // as text, because a claim may have a name that playwright's own form loses
    const said = await page.evaluate(
      async ([cases, keys]) =>
        JSON.stringify(await (globalThis as unknown as Judging).judge(cases, keys)),
      [cases, keys] as const,
    );
    return JSON.parse(said);
  } finally {
    await browser.close();
    server.closeAllConnections();
    server.close();
  }
}

interface Judging {
  judge: typeof import("./judge.ts").judge;
}

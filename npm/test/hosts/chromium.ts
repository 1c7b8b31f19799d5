import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Browser, chromium } from "playwright-core";
import type { Case } from "../cases.ts";
import { bundle, WASM } from "./bundle.ts";
import type { Outcome } from "./judge.ts";

/** Launches the browser that `CHROMIUM` names. */
export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--no-proxy-server", "--disable-background-networking"],
  });
}

/**
 * Runs the cases in a browser: bundled with its condition, the wasm served by the page's server.
 */
export async function inChromium(cases: Case[], keys: string): Promise<Outcome[][]> {
  return onPage(["application/wasm", await readFile(WASM)], cases, keys);
}

/** Runs the cases on a page whose server sends this media type and content as the wasm file. */
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
    // as text, because playwright's serialization loses some names of claims
    const outcomes = await page.evaluate(
      async ([cases, keys]) =>
        JSON.stringify(await (globalThis as unknown as Judge).judge(cases, keys)),
      [cases, keys] as const,
    );
    return JSON.parse(outcomes);
  } finally {
    await browser.close();
    server.closeAllConnections();
    server.close();
  }
}

/** The page's global scope after it has loaded `global.ts`. */
interface Judge {
  judge: typeof import("./judge.ts").judge;
}

// Takes screenshots of the site and of the inspector in light and dark mode with Chromium, and
// compresses those of the demo, which its tests have taken:
// `screenshots.js <site> <inspector> <pictures of the demo> <output directory>`.

import { generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { basename, extname, join, normalize } from "node:path";
import { chromium } from "playwright-core";
import sharp from "sharp";

const [site, inspector, demo, output] = process.argv.slice(2);
const VIEWPORT = { width: 1120, height: 760 };
const ISSUER = "https://app.example.com";
const TYPES = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".md": "text/markdown",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".woff2": "font/woff2",
};

/** Serves the directory on a free loopback port. */
async function serve(directory) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const file = join(directory, normalize(pathname), pathname.endsWith("/") ? "index.html" : "");
    try {
      const content = await readFile(file);
      response.setHeader("content-type", TYPES[extname(file)] ?? "application/octet-stream");
      response.end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, origin: `http://127.0.0.1:${server.address().port}` };
}

/** A token that expired in 2026, and the JWK Set that verifies it. */
function expiredToken() {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const iat = Date.UTC(2026, 0, 2, 9) / 1_000;
  const claims = { sub: "ada", email: "ada@example.com", iss: ISSUER, aud: ISSUER };
  const signed = `${encoded({ alg: "EdDSA", kid: "key-1" })}.${encoded({ ...claims, iat, exp: iat + 900 })}`;
  const signature = sign(null, Buffer.from(signed), privateKey).toString("base64url");
  const jwk = { ...publicKey.export({ format: "jwk" }), alg: "EdDSA", kid: "key-1" };
  return { token: `${signed}.${signature}`, jwks: JSON.stringify({ keys: [jwk] }) };
}

async function explain(page) {
  const { token, jwks } = expiredToken();
  await page.fill("#token", token);
  await page.check("[name=source][value=jwks]");
  await page.fill("#jwks", jwks);
  await page.locator("#rules").evaluate((details) => details.setAttribute("open", ""));
  await page.fill("#issuer", ISSUER);
  await page.fill("#audience", ISSUER);
  await page.click("#explain");
  const decision = page.locator("#decision");
  await decision.locator(".verdict code").waitFor();
  await decision.scrollIntoViewIfNeeded();
  await decision.evaluate((element) =>
    scrollTo(0, scrollY + element.getBoundingClientRect().top - 24),
  );
}

/** Saves a picture with a palette, which is smaller: the pages have few colors. */
async function save(picture, name) {
  await sharp(picture)
    .png({ palette: true, colors: 128, effort: 10, compressionLevel: 9 })
    .toFile(join(output, `${name}.png`));
}

const webdriver = JSON.parse(await readFile(new URL("../../webdriver.json", import.meta.url)));
const flags = webdriver["goog:chromeOptions"].args.filter((flag) => !flag.startsWith("--headless"));
const servers = [await serve(site), await serve(inspector)];
const [siteOrigin, inspectorOrigin] = servers.map(({ origin }) => origin);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: flags,
});
const shots = [
  { name: "site", url: `${siteOrigin}/` },
  { name: "site-guide", url: `${siteOrigin}/guide/worker.html` },
  { name: "site-benchmarks", url: `${siteOrigin}/explanation/benchmarks/index.html` },
  { name: "inspector", url: `${inspectorOrigin}/`, act: explain },
];
try {
  await mkdir(output, { recursive: true });
  for (const file of await readdir(demo)) await save(join(demo, file), basename(file, ".png"));
  for (const colorScheme of ["light", "dark"]) {
    const context = await browser.newContext({ viewport: VIEWPORT, colorScheme });
    context.setDefaultTimeout(20_000);
    const page = await context.newPage();
    for (const { name, url, act } of shots) {
      await page.goto(url, { waitUntil: "networkidle" });
      await act?.(page);
      await save(await page.screenshot({ animations: "disabled" }), `${name}-${colorScheme}`);
    }
    await context.close();
  }
} finally {
  await browser.close();
  for (const { server } of servers) server.close();
}

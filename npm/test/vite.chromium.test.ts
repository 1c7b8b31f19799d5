/**
 * Pages built and served by Vite with a strict Content Security Policy, as the README describes.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { build, createServer, type InlineConfig, preview } from "vite";
import { launch } from "./hosts/chromium.ts";
import { install } from "./install.ts";

/** A project that has the package as npm installs it. */
let project: string;
let browser: Browser;

before(async () => {
  project = await mkdtemp(join(tmpdir(), "better-auth-edge-vite-"));
  await install(project);
  await writeFile(join(project, "package.json"), `{ "type": "module" }`);
  await writeFile(join(project, "page.js"), SCRIPT);
  await writeFile(join(project, "index.html"), page("script-src 'self' 'wasm-unsafe-eval'"));
  await writeFile(join(project, "stricter.html"), page("script-src 'self'"));
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await rm(project, { recursive: true, force: true });
});

test("a built page requires only 'wasm-unsafe-eval', and the error without it names the policy", async () => {
  const input = ["index.html", "stricter.html"].map((name) => join(project, name));
  await build({ ...config(), build: { rolldownOptions: { input } } });
  const server = await preview({ ...config(), preview: LOOPBACK });
  try {
    const url = server.resolvedUrls?.local[0] ?? "";
    assert.equal(await outcomeOn(url), "malformed_token");
    assert.match(await outcomeOn(`${url}stricter.html`), /Content Security Policy/);
  } finally {
    await server.close();
  }
});

for (const exclude of [[], ["better-auth-edge"]]) {
  test(`a page of the development server verifies tokens with optimizeDeps.exclude = ${JSON.stringify(exclude)}`, async () => {
    const server = await createServer({
      ...config(),
      optimizeDeps: { exclude },
      server: LOOPBACK,
    });
    try {
      await server.listen();
      assert.equal(await outcomeOn(server.resolvedUrls?.local[0] ?? ""), "malformed_token");
    } finally {
      await server.close();
    }
  });
}

/** The outcome that the page at this URL shows. */
async function outcomeOn(url: string): Promise<string> {
  const page = await browser.newPage();
  try {
    await page.goto(url);
    return (await page.locator("p").textContent()) ?? "";
  } finally {
    await page.close();
  }
}

/** Vite chooses the first free port. */
const LOOPBACK = { host: "127.0.0.1" };

function config(): InlineConfig {
  return { root: project, configFile: false, logLevel: "error" };
}

const SCRIPT = `
  import { createVerifier } from "better-auth-edge";

  const verified = async () => (await createVerifier({ baseURL: "https://app.example.com" })).verify("a.b");
  verified().catch((error) => {
    const outcome = document.createElement("p");
    outcome.textContent = error.code ?? error.message;
    document.body.append(outcome);
  });
`;

function page(policy: string): string {
  return `<!doctype html>
<meta http-equiv="Content-Security-Policy" content="default-src 'self'; ${policy}">
<title>Page</title>
<script type="module" src="/page.js"></script>
`;
}

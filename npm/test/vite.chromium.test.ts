/** A page that Vite makes, as the README says: built and in development, under a strict policy. */
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

test("what is built verifies, by nothing but 'wasm-unsafe-eval', and is told where that is missing", async () => {
  const input = ["index.html", "stricter.html"].map((name) => join(project, name));
  await build({ ...config(), build: { rolldownOptions: { input } } });
  const server = await preview({ ...config(), preview: LOOPBACK });
  try {
    const url = server.resolvedUrls?.local[0] ?? "";
    assert.equal(await said(url), "malformed_token");
    assert.match(await said(`${url}stricter.html`), /Content Security Policy/);
  } finally {
    await server.close();
  }
});

for (const exclude of [[], ["better-auth-edge"]]) {
  test(`what the development server serves verifies too, with ${exclude.length} packages left alone`, async () => {
    const server = await createServer({
      ...config(),
      optimizeDeps: { exclude },
      server: LOOPBACK,
    });
    try {
      await server.listen();
      assert.equal(await said(server.resolvedUrls?.local[0] ?? ""), "malformed_token");
    } finally {
      await server.close();
    }
  });
}

/** What the page writes into itself. */
async function said(url: string): Promise<string> {
  const page = await browser.newPage();
  try {
    await page.goto(url);
    return (await page.locator("p").textContent()) ?? "";
  } finally {
    await page.close();
  }
}

/** On the first port that is free. */
const LOOPBACK = { host: "127.0.0.1" };

function config(): InlineConfig {
  return { root: project, configFile: false, logLevel: "error" };
}

const SCRIPT = `
  import { createVerifier } from "better-auth-edge";

  const verified = async () => (await createVerifier({ baseURL: "https://app.example.com" })).verify("a.b");
  verified().catch((error) => {
    const said = document.createElement("p");
    said.textContent = error.code ?? error.message;
    document.body.append(said);
  });
`;

function page(policy: string): string {
  return `<!doctype html>
<meta http-equiv="Content-Security-Policy" content="default-src 'self'; ${policy}">
<title>Page</title>
<script type="module" src="/page.js"></script>
`;
}

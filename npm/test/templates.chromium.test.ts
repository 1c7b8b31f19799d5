/** The template fullstack as a whole: a browser, the Worker, and FastAPI. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { blocksOf } from "./documents.ts";
import { launch } from "./hosts/chromium.ts";
import { closedUrl } from "./servers.ts";
import { shell } from "./shell.process.ts";
import { Project, ROOT, started } from "./templates.process.ts";

const PYTHON = process.env.PYTHON ?? join(ROOT, ".venv/bin/python");

let project: Project;
let api: { url: string } & AsyncDisposable;
let edge: { url: string } & AsyncDisposable;
let browser: Browser;

before(async () => {
  project = await Project.create("fullstack");
  await project.script("setup");
  const apiUrl = await closedUrl();
  edge = await project.dev((url) => ({ BETTER_AUTH_URL: url, ORIGIN_URL: apiUrl }));
  api = await startApi(apiUrl);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await edge?.[Symbol.asyncDispose]();
  await api?.[Symbol.asyncDispose]();
  await project?.[Symbol.asyncDispose]();
});

test("a user creates an account, calls the API, signs out and signs in again", async () => {
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", ({ message }) => errors.push(message));
  await page.goto(edge.url);
  await page.getByLabel("Name").fill("Ada");
  await fillIn(page, "analytical engine");
  await page.getByRole("button", { name: "Create an account" }).click();
  await page.getByRole("heading", { name: "Hello Ada" }).waitFor();

  await page.getByRole("button", { name: "Call the API" }).click();
  const path = await page.getByLabel("Path of the API").inputValue();
  const user = path.split("/")[2] ?? "";
  await page.getByText(`200 ["a task of ${user}"]`).waitFor();
  assert.deepEqual(errors, []);
  const direct = await fetch(`${api.url}${path}`, { headers: { "x-edge-user": user } });
  assert.equal(direct.status, 401, "FastAPI trusts the edge only");
  await page.getByLabel("Path of the API").fill("/api/bob/tasks");
  await page.getByRole("button", { name: "Call the API" }).click();
  await page.getByText(/^403 .*user_mismatch/).waitFor();

  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await fillIn(page, "another password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("Invalid email or password").waitFor();
  await fillIn(page, "analytical engine");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Hello Ada" }).waitFor();
});

test("the README's commands get a token, and call the API with it", async () => {
  const readme = blocksOf("templates/fullstack/README.md", await project.read("README.md"));
  const [request, ...others] = readme.filter(({ text }) => text.startsWith("curl "));
  assert.equal(others.length, 0);
  const script = request?.text.replaceAll("http://localhost:8787", edge.url);
  const place = { cwd: project.path, env: process.env };
  assert.match(await shell(place, script ?? ""), /^\["a task of \w+"\]$/);
});

async function fillIn(page: Page, password: string): Promise<void> {
  await page.getByLabel("Email").fill("ada@example.com");
  await page.getByLabel("Password").fill(password);
}

/** Starts the FastAPI application of the README. */
async function startApi(url: string): Promise<typeof api> {
  const readme = await project.read("README.md");
  const [, code] = /```py\n(.*?)```/s.exec(readme) ?? [];
  assert(code);
  await project.write("main.py", code);
  const { hostname, port } = new URL(url);
  const args = ["-m", "uvicorn", "main:app", "--host", hostname, "--port", port];
  const { PATH, HOME } = process.env;
  // the variables of the README
  const edgeUrls = { EDGE_JWKS_URL: edge.url, EDGE_ISSUER: edge.url, EDGE_AUDIENCE: url };
  const child = spawn(PYTHON, args, {
    cwd: project.path,
    env: { PATH, HOME, PYTHONDONTWRITEBYTECODE: "1", ...edgeUrls },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return { url, [Symbol.asyncDispose]: await started(child, url) };
}

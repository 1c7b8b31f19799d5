/** The page of the template fullstack, in a real browser. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { launch } from "./hosts/chromium.ts";
import { serve, type TestServer } from "./servers.ts";
import { Project } from "./templates.process.ts";

let project: Project;
let api: TestServer;
let edge: { url: string } & AsyncDisposable;
let browser: Browser;

before(async () => {
  project = await Project.create("fullstack");
  await project.script("setup");
  api = await serve(() => ({ body: { tasks: [] } }));
  edge = await project.dev((url) => ({ BETTER_AUTH_URL: url, ORIGIN_URL: api.url }));
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
  await page.getByText('200 {"tasks":[]}').waitFor();
  const [, user] = /^\/api\/(\w+)\/tasks$/.exec(api.requests.at(-1)?.path ?? "") ?? [];
  assert(user);
  assert.equal(api.requests.at(-1)?.headers["x-edge-user"], user);
  assert.deepEqual(errors, []);
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

async function fillIn(page: Page, password: string): Promise<void> {
  await page.getByLabel("Email").fill("ada@example.com");
  await page.getByLabel("Password").fill(password);
}

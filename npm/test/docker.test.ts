/** The commands of `examples/docker/Dockerfile`, in their order, in an empty directory. */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { promisify } from "node:util";
import { buildImage } from "./docker.image.ts";
import { PACKAGE } from "./hosts/bundle.ts";
import { serve } from "./servers.ts";

const run = promisify(execFile);
const ROOT = join(PACKAGE, "..");
const EXAMPLE = join(ROOT, "examples/docker");

test("the image's commands install the edge and start it", async () => {
  const context = await mkdtemp(join(tmpdir(), "better-auth-edge-docker-"));
  const directory = await mkdtemp(join(tmpdir(), "better-auth-edge-image-"));
  await using auth = await serve(() => ({ body: { keys: [] } }));
  await using api = await serve(() => ({ body: { ok: true } }));
  try {
    await run("npm", ["pack", "--ignore-scripts", "--pack-destination", context], { cwd: PACKAGE });
    for (const name of ["Dockerfile", "wrangler.toml"]) {
      await copyFile(join(EXAMPLE, name), join(context, name));
    }
    const env = { ...process.env, npm_config_prefer_offline: "true" };
    const image = await buildImage(context, "Dockerfile", directory, env);
    const command = image.command.map((word) => word.replace("0.0.0.0", "127.0.0.1"));
    const [program = "", ...args] = command;
    const { PATH, HOME } = process.env;
    const urls = {
      BETTER_AUTH_URL: auth.url,
      ORIGIN_URL: api.url,
      EDGE_ISSUER: "http://edge:8787",
    };
    const child = spawn(program, args, {
      cwd: directory,
      env: { PATH, HOME, PORT: "0", ...urls },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = once(child, "close");
    try {
      const url = await urlIn(child.stdout);
      assert.equal((await fetch(`${url}/health`)).status, 200);
      assert.equal((await fetch(`${url}/api/ada/tasks`)).status, 401);
    } finally {
      child.kill("SIGTERM");
    }
    assert.deepEqual(await exited, [0, null]);
  } finally {
    await rm(context, { recursive: true, force: true });
    await rm(directory, { recursive: true, force: true });
  }
});

test("the images install the versions that the tests run with", async () => {
  const manifest = async (path: string) => JSON.parse(await readFile(join(ROOT, path), "utf8"));
  const { devDependencies } = await manifest("package.json");
  const { dependencies } = await manifest("examples/fullstack/auth/package.json");
  const api = await readFile(join(ROOT, "examples/fullstack/api/requirements.txt"), "utf8");
  const installed: string[] = [];
  for (const path of ["Dockerfile", "auth/Dockerfile", "api/Dockerfile"]) {
    const text = await readFile(join(EXAMPLE, path), "utf8");
    installed.push(...(text.match(/ [\w-]+(@|==)\d\S*/g) ?? []).map((it) => it.trim()));
  }
  assert.deepEqual(installed, [
    `workerd@${devDependencies.workerd}`,
    `better-auth@${dependencies["better-auth"]}`,
    `pg@${dependencies.pg}`,
    /^uvicorn==[\d.]+/m.exec(api)?.[0],
  ]);
});

async function urlIn(stdout: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: stdout })) {
    const { event, url } = JSON.parse(line);
    if (event === "listening") return url;
  }
  throw new Error("the edge did not start");
}

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
import { PACKAGE } from "./hosts/bundle.ts";
import { serve } from "./servers.ts";

const run = promisify(execFile);
const EXAMPLE = join(PACKAGE, "../examples/docker");

test("the image's commands install the edge and start it", async () => {
  const context = await mkdtemp(join(tmpdir(), "better-auth-edge-docker-"));
  const image = await mkdtemp(join(tmpdir(), "better-auth-edge-image-"));
  await using auth = await serve(() => ({ body: { keys: [] } }));
  await using api = await serve(() => ({ body: { ok: true } }));
  try {
    await run("npm", ["pack", "--ignore-scripts", "--pack-destination", context], { cwd: PACKAGE });
    await copyFile(join(EXAMPLE, "wrangler.toml"), join(context, "wrangler.toml"));
    let command: string[] = [];
    const dockerfile = await readFile(join(EXAMPLE, "Dockerfile"), "utf8");
    for (const [, instruction, rest = ""] of dockerfile.matchAll(/^([A-Z]+) (.+)$/gm)) {
      if (instruction === "COPY") {
        for (const name of rest.split(" ").slice(0, -1)) {
          await copyFile(join(context, name), join(image, name));
        }
      } else if (instruction === "RUN") {
        const env = { ...process.env, npm_config_prefer_offline: "true" };
        await run("sh", ["-c", rest], { cwd: image, env });
      } else if (instruction === "CMD") {
        command = JSON.parse(rest);
      }
    }
    const [program = "", ...args] = command.map((word) => word.replace("0.0.0.0", "127.0.0.1"));
    const { PATH, HOME } = process.env;
    const urls = { BETTER_AUTH_URL: auth.url, ORIGIN_URL: api.url };
    const child = spawn(program, args, {
      cwd: image,
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
    await rm(image, { recursive: true, force: true });
  }
});

async function urlIn(stdout: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: stdout })) {
    const { event, url } = JSON.parse(line);
    if (event === "listening") return url;
  }
  throw new Error("the edge did not start");
}

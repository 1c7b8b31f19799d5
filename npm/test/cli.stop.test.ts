/** A signal ends `dev` and `serve` while a process of workerd is starting. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { until } from "./servers.ts";

const PROGRAM = fileURLToPath(new URL("../dist/node/cli.js", import.meta.url));
const WORKERD = (createRequire(import.meta.url)("workerd") as { default: string }).default;

/** A project whose workerd does not become ready while the file `hang` exists. */
async function project() {
  const directory = await mkdtemp(join(tmpdir(), "better-auth-edge-stop-"));
  const path = (name: string) => join(directory, name);
  const installed = path("node_modules/workerd");
  await mkdir(installed, { recursive: true });
  await mkdir(path("tmp"));
  const script = `#!/bin/sh
[ -e '${path("hang")}' ] || exec '${WORKERD}' "$@"
touch '${path("hangs")}'
exec sleep 100
`;
  await writeFile(join(installed, "run"), script, { mode: 0o755 });
  const program = JSON.stringify(join(installed, "run"));
  await writeFile(join(installed, "index.js"), `exports.default = ${program};\n`);
  const vars = 'BETTER_AUTH_URL = "http://127.0.0.1:1"\nORIGIN_URL = "http://127.0.0.1:2"\n';
  await writeFile(path("wrangler.toml"), `[vars]\n${vars}`);
  return {
    path,
    hang: () => writeFile(path("hang"), ""),
    hangs: () => until(() => existsSync(path("hangs"))),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

function run(command: string, cwd: string) {
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, TMPDIR: join(cwd, "tmp") };
  const child = spawn(process.execPath, [PROGRAM, command, "--port", "0"], { cwd, env });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stderr.resume();
  const exited = once(child, "exit");
  /** The exit code and the signal that has ended it, once it has received this one. */
  const end = (signal: NodeJS.Signals) => {
    child.kill(signal);
    const timer = setTimeout(() => child.kill("SIGKILL"), 15_000);
    return exited.finally(() => clearTimeout(timer));
  };
  return { output: () => output, end };
}

for (const [command, signal] of [
  ["dev", "SIGINT"],
  ["serve", "SIGTERM"],
] as const) {
  test(`${signal} ends ${command} during its first start`, async () => {
    await using own = await project();
    await own.hang();
    const edge = run(command, own.path("."));
    await own.hangs();
    assert.deepEqual(await edge.end(signal), [0, null]);
    assert.deepEqual(await readdir(own.path("tmp")), []);
  });
}

test("SIGINT ends dev while it starts again because a setting changed", async () => {
  await using own = await project();
  const edge = run("dev", own.path("."));
  await until(() => /^FastAPI: /m.test(edge.output()));
  await own.hang();
  await writeFile(own.path(".dev.vars"), "CLOCK_TOLERANCE=5\n");
  await own.hangs();
  // a further change waits for the end of this start
  const starts = () => edge.output().split("a setting changed").length;
  await writeFile(own.path(".dev.vars"), "CLOCK_TOLERANCE=10\n");
  await until(() => starts() > 2);
  assert.deepEqual(await edge.end("SIGINT"), [0, null]);
  assert.deepEqual(await readdir(own.path("tmp")), []);
});

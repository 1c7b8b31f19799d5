/** How the package finds its wasm file, and its errors if the file is missing. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import type { Case } from "./cases.ts";
import { bundle, WASM } from "./hosts/bundle.ts";
import { onPage } from "./hosts/chromium.ts";

const noToken: Case = {
  name: "no token",
  options: { baseURL: "https://app.example.com" },
  tokens: [""],
  expected: ["missing_token"],
};

for (const type of ["application/wasm", "application/octet-stream"]) {
  test(`a page loads the wasm from a server that sends it as ${type}`, async () => {
    const [outcomes] = await onPage([type, await readFile(WASM)], [noToken], "");
    assert.deepEqual(outcomes?.map(codeOf), ["missing_token"]);
  });
}

test("a page whose bundler lost the wasm gets an error with the file's URL", async () => {
  const page = "<!doctype html><title>Not found</title>";
  const [outcomes] = await onPage(["text/html; charset=utf-8", page], [noToken], "");
  assert.deepEqual(outcomes?.map(codeOf), ["misconfigured"]);
  assert.match(JSON.stringify(outcomes), /no wasm file at http:.*\/better_auth_edge\.wasm/);
});

test("a bundle for Node finds the wasm one level up, and its error says how to keep the file", async () => {
  const directory = await mkdtemp(join(tmpdir(), "better-auth-edge-"));
  try {
    await mkdir(join(directory, "server"));
    const program = join(directory, "server/program.mjs");
    await writeFile(program, await bundle("program.ts", ["node"], { external: ["node:*"] }));
    const run = async () => {
      const running = promisify(execFile)(process.execPath, [program], { cwd: directory });
      running.child.stdin?.end(JSON.stringify({ cases: [noToken], keys: "" }));
      return (await running).stdout;
    };
    assert.match(await run(), /"misconfigured".*keep better-auth-edge external/);
    await writeFile(join(directory, "better_auth_edge.wasm"), await readFile(WASM));
    assert.match(await run(), /"missing_token"/);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

function codeOf(outcome: object): unknown {
  return "code" in outcome ? outcome.code : "ok";
}

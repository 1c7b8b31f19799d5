// Where the wasm file is, and what is said where it is not.
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

const nothing: Case = {
  name: "nothing",
  options: { baseURL: "https://app.example.com" },
  tokens: [""],
  expected: ["missing_token"],
};

for (const type of ["application/wasm", "application/octet-stream"]) {
  test(`a page loads the wasm from a server that calls it ${type}`, async () => {
    const [outcomes] = await onPage([type, await readFile(WASM)], [nothing], "");
    assert.deepEqual(outcomes?.map(codeOf), ["missing_token"]);
  });
}

test("a page whose bundler lost the wasm is told where it should be", async () => {
  const page = "<!doctype html><title>Not found</title>";
  const [outcomes] = await onPage(["text/html; charset=utf-8", page], [nothing], "");
  assert.deepEqual(outcomes?.map(codeOf), ["misconfigured"]);
  assert.match(JSON.stringify(outcomes), /no wasm file at http:.*\/better_auth_edge\.wasm/);
});

test("a bundle for Node finds the wasm one level up, and says what to do where it is nowhere", async () => {
  const directory = await mkdtemp(join(tmpdir(), "better-auth-edge-"));
  try {
    await mkdir(join(directory, "server"));
    const program = join(directory, "server/program.mjs");
    await writeFile(program, await bundle("program.ts", ["node"], { external: ["node:*"] }));
    const judged = async () => {
      const judging = promisify(execFile)(process.execPath, [program], { cwd: directory });
      judging.child.stdin?.end(JSON.stringify({ cases: [nothing], keys: "" }));
      return (await judging).stdout;
    };
    assert.match(await judged(), /"misconfigured".*keep better-auth-edge external/);
    await writeFile(join(directory, "better_auth_edge.wasm"), await readFile(WASM));
    assert.match(await judged(), /"missing_token"/);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

function codeOf(outcome: object): unknown {
  return "code" in outcome ? outcome.code : "ok";
}

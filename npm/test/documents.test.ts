/** The blocks of TypeScript in the documentation compile. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { makeProject, writeExamples } from "./documents.project.ts";
import { type Block, blocks, blocksOf, codeOf, ROOT } from "./documents.ts";

const run = promisify(execFile);

const OPTIONS = {
  target: "es2022",
  module: "esnext",
  moduleResolution: "bundler",
  moduleDetection: "force",
  lib: ["es2023", "dom", "dom.iterable"],
  types: ["node"],
  jsx: "react-jsx",
  allowJs: true,
  checkJs: true,
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: true,
  noEmit: true,
};

test("the examples compile", async () => {
  await using project = await makeProject("compiled");
  const { directory } = project;
  const examples = blocks("ts", "tsx", "js");
  assert.ok(examples.length > 30, `${examples.length}`);
  const places = await writeExamples(directory, examples);
  const config = { compilerOptions: OPTIONS, files: [...places.keys()] };
  await writeFile(join(directory, "tsconfig.json"), JSON.stringify(config));
  const tsc = [join(ROOT, "node_modules/typescript/bin/tsc"), "--pretty", "false"];
  await run(process.execPath, tsc, { cwd: directory }).catch(({ stdout }: { stdout: string }) => {
    const errors = stdout.replace(/^(\S+?)\((\d+),\d+\)/gm, (whole, path: string) => {
      const example = places.get(path);
      return example ? `${example.page}:${example.line} (${whole})` : whole;
    });
    assert.fail(errors);
  });
});

test("a block begins at its fence, and follows what a comment gives", () => {
  const text = "a\n<!-- given: let x: 1; -->\n\n  ```ts\n  x;\n\n    y;\n  ```\n```sh\nls\n```\n";
  const [first, second] = blocksOf("a.md", text);
  assert.deepEqual(first, {
    page: "a.md",
    line: 4,
    language: "ts",
    text: "x;\n\n  y;\n",
    given: "let x: 1;",
  });
  assert.equal(codeOf(first as Block, []), "let x: 1;\nx;\n\n  y;\n");
  assert.deepEqual([second?.line, second?.language, second?.given], [9, "sh", undefined]);
});

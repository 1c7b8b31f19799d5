/** The blocks of TypeScript in the documentation compile, and the commands in it exist. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { type Block, blocks, blocksOf, codeOf, ROOT } from "./documents.ts";
import { install } from "./install.ts";

const run = promisify(execFile);

/** A project whose packages are those of a user. In the repository, so that npm's links work. */
const project = join(ROOT, "target/documents");

/** Where the packages that the examples import are installed. */
const PACKAGES: Record<string, string[]> = {
  node_modules: ["hono", "jose", "next", "react", "undici-types", "@types/node", "@types/react"],
  "npm/node_modules": ["better-auth"],
  "tools/examples/node_modules": [
    "@better-auth/api-key",
    "@sveltejs/kit",
    "@tanstack/react-query",
    "@types/express",
    "express",
    "react-router",
    "svelte",
  ],
};

before(async () => {
  await rm(project, { recursive: true, force: true });
  await install(project);
  for (const [directory, names] of Object.entries(PACKAGES)) {
    for (const name of names) {
      const link = join(project, "node_modules", name);
      await mkdir(dirname(link), { recursive: true });
      await symlink(join(ROOT, directory, name), link);
    }
  }
});

after(() => rm(project, { recursive: true, force: true }));

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
  const examples = blocks("ts", "tsx", "js");
  assert.ok(examples.length > 20, `${examples.length}`);
  const places = new Map<string, Block>();
  for (const example of examples) {
    const path = pathOf(example, places);
    places.set(path, example);
    await mkdir(dirname(join(project, path)), { recursive: true });
    await writeFile(join(project, path), codeOf(example, examples));
  }
  const config = { compilerOptions: OPTIONS, files: [...places.keys()] };
  await writeFile(join(project, "tsconfig.json"), JSON.stringify(config));
  const tsc = [join(ROOT, "node_modules/typescript/bin/tsc"), "--pretty", "false"];
  await run(process.execPath, tsc, { cwd: project }).catch(({ stdout }: { stdout: string }) => {
    const errors = stdout.replace(/^(\S+?)\((\d+),\d+\)/gm, (whole, path: string) => {
      const example = places.get(path);
      return example ? `${example.page}:${example.line} (${whole})` : whole;
    });
    assert.fail(errors);
  });
});

/**
 * The path of an example: the one that its first line names, in a directory of the page, so that
 * the examples of a page import each other.
 */
function pathOf({ page, line, language, text }: Block, places: Map<string, Block>): string {
  const directory = page.replace(/\.md$/, "").replaceAll("/", "-");
  const named = /^\/\/ ([\w./[\]()-]+\.(?:tsx?|m?js))\b/.exec(text)?.[1];
  const path = `${directory}/${named ?? `${line}.${language}`}`;
  return places.has(path) ? `${directory}-${line}/${named}` : path;
}

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

/** A project with the examples of the documentation, and with the packages that they import. */
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Block, codeOf, ROOT } from "./documents.ts";
import { install } from "./install.ts";

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

/**
 * Makes a project in the repository, so that the packages find those that they depend on.
 *
 * @param name the name of its directory
 */
export async function makeProject(name: string) {
  const directory = join(ROOT, "target/documents", name);
  const remove = () => rm(directory, { recursive: true, force: true });
  await remove();
  await install(directory);
  for (const [from, names] of Object.entries(PACKAGES)) {
    for (const name of names) {
      const link = join(directory, "node_modules", name);
      await mkdir(dirname(link), { recursive: true });
      await symlink(join(ROOT, from, name), link);
    }
  }
  return { directory, [Symbol.asyncDispose]: remove };
}

/**
 * Writes examples into a project. Returns them by their paths in it.
 *
 * @param change changes the code of an example
 */
export async function writeExamples(
  directory: string,
  examples: Block[],
  change = (code: string) => code,
): Promise<Map<string, Block>> {
  const places = new Map<string, Block>();
  for (const example of examples) {
    const path = pathOf(example, places);
    places.set(path, example);
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), change(codeOf(example, examples)));
  }
  return places;
}

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

// Makes `dist/` from `src/`, the wasm, which `cargo xtask build` writes to `target/javascript`, and
// the Worker, which it writes to `build`.

import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const wasm = here("../target/javascript");

/** What calls the wasm: the entries of each runtime, which has a loader of its own. */
const INDEX = { index: "src/index.ts" };
const NEXT = { next: "src/next/index.ts" };
const PROGRAMS = { cli: "src/cli/index.ts" };
const RUNTIMES = {
  workerd: INDEX,
  "edge-light": { ...INDEX, ...NEXT },
  node: { ...INDEX, ...NEXT, ...PROGRAMS },
  browser: INDEX,
};
/** What needs no wasm: the same everywhere. */
const PLAIN_ENTRIES = { client: "src/client/index.ts", "better-auth": "src/better-auth/index.ts" };
/** The part of an entry that browsers get. Its types are those of the whole. */
const PARTS = { "browser/next": "src/next/browser.ts" };

rmSync(here("dist"), { recursive: true, force: true });
const entryPoints = Object.entries(RUNTIMES).flatMap(([runtime, entries]) =>
  Object.entries(entries).map(([name, source]) => ({
    in: `${runtime}!${source}`,
    out: `${runtime}/${name}`,
  })),
);
const common = {
  outdir: here("dist"),
  bundle: true,
  format: "esm",
  platform: "neutral",
  target: "es2022",
  minify: true,
  // Node shows the line of an uncaught error
  lineLimit: 160,
  // the license of a bundled package
  legalComments: "eof",
  logLevel: "warning",
  absWorkingDir: here("."),
  external: [
    "*.wasm",
    "*.wasm?module",
    "better-auth",
    "better-auth/*",
    "next",
    "next/*",
    "react",
    "node:*",
  ],
};
const { outputFiles } = await build({
  ...common,
  entryPoints,
  write: false,
  splitting: true,
  // as deep as the entries, from where the wasm is one up
  chunkNames: "shared/[hash]",
  alias: { "#bindings": `${wasm}/bindings.js` },
  define: { SETTING_NAMES: JSON.stringify(settingNames()) },
  plugins: [loaders(await importersOfWasm())],
});
for (const { path, text } of outputFiles) {
  // esbuild imports shared modules for their effects too, which they do not have, and then warns
  const content = text.replaceAll(/\bimport"\.{1,2}\/[^"]+";/g, "");
  if (content.trim() === "") continue;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}
// by themselves: what they would share with the others they do not need
await build({ ...common, entryPoints: { ...PLAIN_ENTRIES, ...PARTS } });
copyFileSync(`${wasm}/index_bg.wasm`, here("dist/better_auth_edge.wasm"));
copyWorker();
writeFileSync(here("LICENSE"), terms());
writeFileSync(here("dist/errors.md"), explanations());
writeTypes();
linkProgram();

/** The sources that import `#wasm`, directly or indirectly: they differ between runtimes. */
async function importersOfWasm() {
  const { metafile } = await build({
    entryPoints: Object.values({ ...INDEX, ...NEXT, ...PROGRAMS }),
    outdir: here("dist"),
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    packages: "external",
    platform: "node",
    absWorkingDir: here("."),
    external: ["#wasm"],
  });
  const found = new Set(["#wasm"]);
  for (let before = 0; before < found.size; ) {
    before = found.size;
    for (const [source, { imports }] of Object.entries(metafile.inputs)) {
      if (imports.some(({ path }) => found.has(path))) found.add(source);
    }
  }
  return new Set([...found].map(here));
}

/** Gives each runtime its own copy of these sources, with its loader, and shares the others. */
function loaders(sources) {
  return {
    name: "loaders",
    setup(build) {
      for (const runtime of Object.keys(RUNTIMES)) {
        const entry = { filter: new RegExp(`^${runtime}!`) };
        build.onResolve(entry, ({ path }) => ({
          path: here(path.slice(runtime.length + 1)),
          namespace: runtime,
        }));
        build.onResolve({ filter: /^(#wasm$|\.)/, namespace: runtime }, ({ path, resolveDir }) => {
          if (path === "#wasm") return { path: here(`src/wasm/${runtime}.ts`) };
          const source = resolve(resolveDir, path);
          return sources.has(source) ? { path: source, namespace: runtime } : { path: source };
        });
        build.onLoad({ filter: /./, namespace: runtime }, ({ path }) => ({
          contents: readFileSync(path, "utf8"),
          resolveDir: dirname(path),
          loader: "ts",
        }));
      }
    },
  };
}

/** The Worker as `cargo xtask build` makes it, unchanged. */
function copyWorker() {
  mkdirSync(here("dist/worker"));
  for (const name of ["index.js", "index_bg.wasm"]) {
    copyFileSync(here(`../build/${name}`), here(`dist/worker/${name}`));
  }
  copyFileSync(here("src/worker/index.d.ts"), here("dist/worker/index.d.ts"));
}

/** The Worker's settings. A test of the core compares the page with its table of settings. */
function settingNames() {
  const page = readFileSync(here("../docs/configuration.md"), "utf8");
  return [...page.matchAll(/^\| `([A-Z][A-Z_]+)` \|/gm)].map(([, name]) => name);
}

/** The help for error codes: the sections of the page. */
function explanations() {
  const page = readFileSync(here("../docs/errors.md"), "utf8");
  const [, ...sections] = page.split(/^(?=## )/m);
  return sections.join("").replaceAll(/(?<=\S)\n +/g, " ");
}

/** The license for the package, without the appendix on how to apply it. */
function terms() {
  const [terms] = readFileSync(here("../LICENSE"), "utf8").split("\n   APPENDIX: ");
  return terms;
}

/** The declarations that an entry names, itself or by others. */
function writeTypes() {
  const tsc = here("../node_modules/.bin/tsc");
  execFileSync(tsc, ["--project", "tsconfig.build.json"], { cwd: here("."), stdio: "inherit" });
  const entries = [...Object.values({ ...INDEX, ...NEXT, ...PLAIN_ENTRIES })];
  const named = new Set(
    entries.map((source) => here(source.replace(/^src(.*)\.ts$/, "dist/types$1.d.ts"))),
  );
  for (const file of named) {
    const text = readFileSync(file, "utf8");
    const sources = text.matchAll(/from ["'](\.{1,2}\/[^"']+)\.ts["']/g);
    for (const [, source] of sources) named.add(resolve(dirname(file), `${source}.d.ts`));
    // sources name each other as Node reads them, packages as everything else does
    writeFileSync(file, text.replaceAll(/(["']\.{1,2}\/[^"']+)\.ts(["'])/g, "$1.js$2"));
  }
  for (const entry of readdirSync(here("dist/types"), { recursive: true, withFileTypes: true })) {
    const file = resolve(entry.parentPath, entry.name);
    if (entry.isFile() && !named.has(file)) rmSync(file);
  }
}

/**
 * Makes `npx better-auth-edge` work in the repository: `npm ci` makes no link to a program that is
 * not built yet. npm makes the program executable only together with a new link.
 */
function linkProgram() {
  chmodSync(here("dist/node/cli.js"), 0o755);
  const rebuild = ["rebuild", "--ignore-scripts", "better-auth-edge"];
  execFileSync("npm", rebuild, { cwd: here(".."), stdio: ["ignore", "ignore", "inherit"] });
}

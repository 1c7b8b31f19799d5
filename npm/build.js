// Makes `dist/` from `src/` and from the wasm that `cargo xtask build` has put into `target/javascript`.

import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const wasm = here("../target/javascript");

/** Entries that call the wasm: bundled once for each runtime, with its loader. */
const ENTRIES = { index: "src/index.ts", next: "src/next/index.ts" };
/** Entries that need none: the same everywhere. */
const PLAIN_ENTRIES = { client: "src/client/index.ts" };
/** Programs for Node. */
const PROGRAMS = { cli: "src/cli/index.ts" };

const RUNTIMES = {
  workerd: "neutral",
  "edge-light": "neutral",
  node: "node",
  browser: "browser",
};

rmSync(here("dist"), { recursive: true, force: true });
const common = {
  bundle: true,
  format: "esm",
  target: "es2022",
  legalComments: "none",
  logLevel: "warning",
  absWorkingDir: here("."),
  external: ["*.wasm", "*.wasm?module", "next", "next/*", "react", "node:*"],
};
for (const [runtime, platform] of Object.entries(RUNTIMES)) {
  const programs = platform === "node" ? PROGRAMS : {};
  await build({
    ...common,
    entryPoints: present({ ...ENTRIES, ...programs }),
    platform,
    splitting: true,
    chunkNames: "[name]-[hash]",
    alias: { "#wasm": here(`src/wasm/${runtime}.ts`), "#bindings": `${wasm}/bindings.js` },
    outdir: here(`dist/${runtime}`),
  });
}
const plain = present(PLAIN_ENTRIES);
if (Object.keys(plain).length > 0) {
  await build({ ...common, entryPoints: plain, platform: "neutral", outdir: here("dist") });
}
copyFileSync(`${wasm}/index_bg.wasm`, here("dist/better_auth_edge.wasm"));
// npm takes it from the package's own directory
copyFileSync(here("../LICENSE"), here("LICENSE"));
// what the program says of a code
copyFileSync(here("../docs/errors.md"), here("dist/errors.md"));
writeTypes();

/** Those of the entries whose source is there. */
function present(entries) {
  return Object.fromEntries(
    Object.entries(entries).filter(([, source]) => existsSync(here(source))),
  );
}

/** The declarations, without those that no entry names. */
function writeTypes() {
  const tsc = here("../node_modules/.bin/tsc");
  execFileSync(tsc, ["--project", "tsconfig.build.json"], { cwd: here("."), stdio: "inherit" });
  for (const internal of ["cli", "wasm"]) {
    rmSync(here(`dist/types/${internal}`), { recursive: true, force: true });
  }
  for (const name of readdirSync(here("dist/types"), { recursive: true })) {
    if (!name.endsWith(".d.ts")) continue;
    const file = here(`dist/types/${name}`);
    // sources name each other as Node reads them, packages as everything else does
    const text = readFileSync(file, "utf8").replaceAll(
      /(["']\.{1,2}\/[^"']+)\.ts(["'])/g,
      "$1.js$2",
    );
    writeFileSync(file, text);
  }
}

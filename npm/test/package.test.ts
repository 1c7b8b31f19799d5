// The published package: its size, its files, its types, and that it works when it is installed.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { build } from "esbuild";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { PACKAGE } from "./hosts/bundle.ts";
import { install, type Packed } from "./install.ts";

const run = promisify(execFile);
const DIST = join(PACKAGE, "dist");
/** The most bytes of the packed package: docs/decisions/0021. `cargo xtask release` reads it. */
const BUDGET = 690_000;

/** A project that has the package as npm installs it. */
let project: string;
let packed: Packed;
before(async () => {
  project = await mkdtemp(join(tmpdir(), "better-auth-edge-"));
  packed = await install(project);
});
after(() => rm(project, { recursive: true, force: true }));

test(`the tarball takes at most ${BUDGET.toLocaleString("en")} bytes`, (context) => {
  context.diagnostic(`${packed.size} bytes`);
  assert(packed.size <= BUDGET, `${packed.size} bytes`);
});

test("the tarball contains the built files and no others", () => {
  const needed =
    /^(LICENSE|README\.md|package\.json|dist\/(better_auth_edge\.wasm|errors\.md|worker\/index(_bg\.wasm|\.d\.ts)|[\w/-]+\.js|types\/[\w/-]+\.d\.ts))$/;
  const others = packed.files.map((file) => file.path).filter((path) => !needed.test(path));
  assert.deepEqual(others, []);
  const times = packed.files.filter((file) => file.path.endsWith(".wasm")).length;
  assert.equal(times, 2, "the tarball contains the wasm of the verifier and of the Worker");
});

test("no packed file contains a path of the machine that built it", async () => {
  const places = [homedir(), join(PACKAGE, "..")].map((place) => join(place, "/"));
  for (const { path } of packed.files) {
    const file = join(project, "node_modules/better-auth-edge", path);
    const text = await readFile(file, "latin1");
    for (const place of places) assert(!text.includes(place), `${path} contains ${place}`);
  }
});

test("publint has no findings", async () => {
  const { messages } = await publint({ pkgDir: PACKAGE, strict: true });
  const manifest = JSON.parse(await readFile(join(PACKAGE, "package.json"), "utf8"));
  assert.deepEqual(
    messages.map((message) => formatMessage(message, manifest)),
    [],
  );
});

test("the types resolve in every mode that supports ES modules", async () => {
  const require = createRequire(import.meta.url);
  const cli = join(dirname(require.resolve("@arethetypeswrong/cli/package.json")), "dist/index.js");
  const tarball = join(project, packed.filename);
  const attw = [cli, tarball, "--profile", "esm-only", "--no-emoji", "--no-color"];
  await run(process.execPath, attw).catch(({ stdout }) => assert.fail(stdout));
});

for (const [runtime, conditions, file] of [
  ["Cloudflare Workers", ["workerd", "worker", "browser"], "workerd"],
  ["Next's edge runtime", ["edge-light", "worker", "node"], "edge-light"],
  ["a bundler for browsers", ["browser"], "browser"],
  ["a bundler for Node", ["node"], "node"],
  ["Bun", ["bun", "node"], "node"],
  ["Deno", ["deno", "node"], "node"],
  ["any other runtime", [], "browser"],
] as const) {
  test(`${runtime} gets the loader of ${file}`, async () => {
    const { metafile, warnings } = await bundled("export * from 'better-auth-edge'", [
      ...conditions,
    ]);
    assert.deepEqual(warnings, []);
    const inputs = Object.keys(metafile.inputs).filter((input) =>
      input.includes("better-auth-edge/"),
    );
    assert(inputs.some((input) => input.endsWith(`/dist/${file}/index.js`)));
    for (const input of inputs)
      assert.match(input, new RegExp(`/dist/(${file}|shared)/\\w+\\.js$`));
  });
}

test("an unused import adds no code to a bundle", async () => {
  for (const condition of ["workerd", "edge-light", "browser", "node"]) {
    const { outputFiles } = await bundled("import 'better-auth-edge'", [condition]);
    assert.equal(outputFiles[0]?.text.trim(), "", condition);
  }
});

test("bundles for the edge and the browser contain no inlined wasm, no eval and no Node modules", async () => {
  for (const runtime of ["workerd", "edge-light", "browser"]) {
    const { outputFiles } = await bundled("export * from 'better-auth-edge'", [runtime]);
    const text = outputFiles[0]?.text ?? "";
    assert.match(text, /better_auth_edge\.wasm/);
    // the first bytes of any wasm file
    assert.doesNotMatch(text, /AGFzbQ|0061736d|\\0asm/i, runtime);
    assert.doesNotMatch(text, /\beval\(|new Function\(|["']node:/, runtime);
    // false for a module of another realm, which Next's sandbox passes in
    assert.doesNotMatch(text, /instanceof WebAssembly/, runtime);
  }
});

test("better-auth-edge/next in a browser contains returnPath and no server code", async () => {
  const page = "import { returnPath } from 'better-auth-edge/next'; console.log(returnPath('/'))";
  const { outputFiles, metafile } = await bundled(page, ["browser"]);
  const text = outputFiles[0]?.text ?? "";
  assert(text.length < 3_000, `${text.length} characters`);
  assert.doesNotMatch(text, /wasm|node:|x-edge|next\/server/i);
  const inputs = Object.keys(metafile.inputs).filter((name) => name.includes("better-auth-edge/"));
  assert.equal(inputs.length, 1);
  const server = "import { getUser } from 'better-auth-edge/next'; console.log(getUser)";
  await assert.rejects(bundled(server, ["browser"]), /No matching export/);
});

test("an import compiles and fetches nothing, and the first verifier compiles once", async () => {
  const output = await inProject(`
    const calls = [];
    const counted = (object, name) => {
      const original = object[name];
      object[name] = function (...values) {
        calls.push(name);
        return new.target ? new original(...values) : original.apply(this, values);
      };
    };
    for (const name of ["compile", "instantiate", "Module", "Instance"]) counted(WebAssembly, name);
    counted(globalThis, "fetch");
    const { createVerifier } = await import("better-auth-edge");
    const imported = [...calls];
    const options = { baseURL: "https://app.example.com" };
    await createVerifier(options);
    await createVerifier(options);
    console.log(JSON.stringify([imported, calls]));
  `);
  assert.deepEqual(JSON.parse(output), [[], ["Module", "instantiate"]]);
});

test("the installed package verifies tokens", async () => {
  const output = await inProject(`
    import { createVerifier, EdgeAuthError } from "better-auth-edge";
    const verifier = await createVerifier({ baseURL: "https://app.example.com" });
    const error = await verifier.verify("a.b").catch((error) => error);
    console.log(error instanceof EdgeAuthError, error.code);
  `);
  assert.equal(output.trim(), "true malformed_token");
});

test("the command line runs from a clone after a build, and from an installed package", async () => {
  const { version } = JSON.parse(await readFile(join(PACKAGE, "package.json"), "utf8"));
  const program = "node_modules/.bin/better-auth-edge";
  const built = await run(join(PACKAGE, "..", program), ["--version"]);
  assert.equal(built.stdout.trim(), version);
  const user = await mkdtemp(join(tmpdir(), "better-auth-edge-user-"));
  try {
    await writeFile(join(user, "package.json"), "{}");
    const quietly = ["--offline", "--no-audit", "--no-fund", "--no-update-notifier"];
    // the commands of docs/install.md
    await run("npm", ["pack", "--pack-destination", user, PACKAGE]);
    await run("npm", ["install", ...quietly, `./${packed.filename}`], { cwd: user });
    const installed = await run(join(user, program), ["--version"]);
    assert.equal(installed.stdout.trim(), version);
  } finally {
    await rm(user, { recursive: true, force: true });
  }
});

test("every option of the types is in the tables of the README", async () => {
  const readme = await readFile(join(PACKAGE, "README.md"), "utf8");
  const rows = readme.split("\n").filter((line) => /^\| `/.test(line));
  const documented = rows.flatMap((row) => row.split("|")[1]?.match(/\w+/g) ?? []);
  for (const [file, type] of [
    ["options", "VerifierOptions"],
    ["gateway", "GatewayOptions"],
    ["next/middleware", "MiddlewareOptions"],
    ["client/api-client", "ApiClientOptions"],
  ]) {
    const text = await readFile(join(DIST, `types/${file}.d.ts`), "utf8");
    const [, members = ""] =
      new RegExp(`interface ${type} [^{]*\\{\n(.*?)\n\\}`, "s").exec(text) ?? [];
    const options = [...members.matchAll(/^ {4}(\w+)\??:/gm)].map(([, name]) => name as string);
    assert(options.length > 2, type);
    const missing = options.filter((name) => !documented.includes(name));
    assert.deepEqual(missing, [], type);
  }
  const rule = /^A rule has .*$/m.exec(readme)?.[0] ?? "";
  const types = await readFile(join(DIST, "types/gateway.d.ts"), "utf8");
  const route = types.slice(types.indexOf("interface Route "), types.indexOf("\n}"));
  for (const [, name] of route.matchAll(/^ {4}(\w+)\??:/gm))
    assert(rule.includes(`\`${name}\``), name);
});

test("every option of the plugin for Better Auth is in the table of its page", async () => {
  const page = await readFile(join(PACKAGE, "../docs/better-auth-plugin.md"), "utf8");
  const documented = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  const types = await readFile(join(DIST, "types/better-auth/options.d.ts"), "utf8");
  const options = [...types.matchAll(/^ {4}(\w+)\?:/gm)].map(([, name]) => name as string);
  assert(options.length > 5);
  assert.deepEqual(
    options.filter((name) => !documented.includes(name)),
    [],
  );
});

test("better-auth-edge/better-auth contains neither wasm nor a copy of Better Auth", async () => {
  const text = await readFile(join(DIST, "better-auth.js"), "utf8");
  assert.doesNotMatch(text, /wasm|node:/);
  const imports = [...text.matchAll(/from"([^"]+)"/g)].map(([, name]) => name as string);
  assert(imports.length > 0);
  assert(
    imports.every((name) => /^better-auth(\/|$)/.test(name)),
    imports.join(),
  );
  assert(text.length < 20_000, `${text.length} characters`);
});

test("the codes of the types are those of the documentation", async () => {
  const documented = await readFile(join(PACKAGE, "../docs/errors.md"), "utf8");
  const typed = await readFile(join(DIST, "types/error.d.ts"), "utf8");
  const codes = [...documented.matchAll(/^## (\w+)$/gm)].map((match) => match[1]);
  const union = typed.slice(typed.indexOf("type EdgeAuthErrorCode"));
  const named = [...union.matchAll(/"(\w+)"/g)].map((match) => match[1]);
  assert.deepEqual(named.sort(), codes.sort());
});

test("the CLI explains every code", async () => {
  const documented = await readFile(join(PACKAGE, "../docs/errors.md"), "utf8");
  const explained = await readFile(join(DIST, "errors.md"), "utf8");
  const codes = (text: string) => [...text.matchAll(/^## (\w+)$/gm)].map((match) => match[1]);
  assert.deepEqual(codes(explained), codes(documented));
});

/** Bundles this module in the project. */
function bundled(contents: string, conditions: string[]) {
  return build({
    stdin: { contents, resolveDir: project },
    bundle: true,
    write: false,
    metafile: true,
    treeShaking: true,
    format: "esm",
    platform: "neutral",
    conditions,
    external: ["*.wasm", "*.wasm?module", "node:*"],
    logLevel: "error",
  });
}

/** Runs this module in the project and returns its standard output. */
async function inProject(source: string): Promise<string> {
  const file = join(project, `${process.hrtime.bigint()}.mjs`);
  await writeFile(file, source);
  const { stdout } = await run(process.execPath, [file], { cwd: project });
  return stdout;
}

/** `init` in projects of each kind: what it finds, and that the result compiles and runs. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { PACKAGE } from "./hosts/bundle.ts";
import {
  ANSWERS,
  nextProject,
  type Project,
  project,
  RUNNER,
  UV_PROJECT,
} from "./init-projects.ts";
import { install } from "./install.ts";

const execute = promisify(execFile);
const MODULES = join(PACKAGE, "../node_modules");
const API = ["--auth", "http://127.0.0.1:9", "--api", "http://localhost:8000", "--yes"];
const PYTHON = process.env.PYTHON ?? join(MODULES, "../.venv/bin/python");
const NO_API = ["--auth", "http://127.0.0.1:9", "--yes"];

/** A Next.js project by its package.json alone. */
const next = (version: string, files: Record<string, string> = {}) =>
  project({
    "package.json": JSON.stringify({ dependencies: { next: version } }),
    "tsconfig.json": "{}",
    "app/page.tsx": "",
    ...files,
  });

for (const [options, path] of [
  [["--ts", "--no-src-dir"], "proxy.ts"],
  [["--ts", "--src-dir"], "src/proxy.ts"],
  [["--js", "--no-src-dir"], "proxy.js"],
] as const) {
  test(`create-next-app ${options.join(" ")}: ${path} compiles and protects the pages`, async () => {
    await using made = await nextProject(...options);
    assert.equal((await made.init(...API)).code, 0);
    await installModules(made);
    if (path.endsWith(".ts")) await compile(made);
    const probe = `
      import { NextRequest } from "next/server.js";
      import * as module from ${JSON.stringify(pathToFileURL(join(made.path, path)).href)};
      const { proxy } = module.proxy ? module : module.default;
      for (const path of ["/", "/next.svg", "/dashboard", "/api/1/tasks"]) {
        const headers = { host: "localhost:3000" };
        const request = new NextRequest("http://localhost:3000" + path, { headers });
        const { status, headers: sent } = await proxy(request, { waitUntil() {} });
        console.log(path, status, sent.get("location") ?? "");
      }`;
    await made.write("probe.mjs", probe);
    const env = { ...process.env, ...variables(await made.read(".env.local")) };
    const args = ["--import", import.meta.resolve("tsx"), "probe.mjs"];
    const { stdout } = await execute(process.execPath, args, { cwd: made.path, env });
    assert.deepEqual(stdout.trimEnd().split("\n"), [
      "/ 200 ",
      "/next.svg 200 ",
      "/dashboard 307 http://localhost:3000/sign-in?next=%2Fdashboard",
      "/api/1/tasks 401",
    ]);
  });
}

test("the type check of a written proxy.ts can fail", async () => {
  await using made = await nextProject("--ts", "--no-src-dir");
  await made.init(...API);
  await installModules(made);
  await made.write("proxy.ts", (await made.read("proxy.ts")).replace("routes:", "rules:"));
  await assert.rejects(compile(made), /rules/);
});

test("the version of Next.js, src/ and OpenNext decide the name of the middleware", async () => {
  const cloudflare = { dependencies: { next: "16.4.6", "@opennextjs/cloudflare": "1" } };
  for (const [made, path, kind] of [
    [await next("^15.5.0"), "middleware.ts", "middleware"],
    [await next("16.4.6"), "proxy.ts", "proxy"],
    [await next("latest"), "proxy.ts", "proxy"],
    [
      await next("16.4.6", { "package.json": JSON.stringify(cloudflare) }),
      "middleware.ts",
      "middleware",
    ],
    [
      await next("^15", { "node_modules/next/package.json": '{ "version": "16.1.0" }' }),
      "proxy.ts",
      "proxy",
    ],
  ] as const) {
    await using project = made;
    assert.equal((await project.init(...NO_API)).code, 0);
    assert.match(await project.read(path), new RegExp(`^export const ${kind} = `, "m"));
  }
  await using old = await next("14.2.0");
  const { code, stderr } = await old.init(...NO_API);
  assert.equal(code, 1);
  assert.match(stderr, /Next\.js 14 is not supported/);
});

test("an application that depends on typescript gets proxy.ts before it has a tsconfig.json", async () => {
  for (const [name, dependencies] of [
    ["proxy.ts", { devDependencies: { typescript: "5.9.3" } }],
    ["proxy.js", {}],
  ] as const) {
    await using made = await project({
      "package.json": JSON.stringify({ dependencies: { next: "16.4.6" }, ...dependencies }),
    });
    await made.init(...ANSWERS);
    await made.read(name);
  }
});

test("init says which address Next.js and Better Auth share, unless it has found Better Auth", async () => {
  const files = { "package.json": JSON.stringify({ dependencies: { next: "16.4.6" } }) };
  const auth = 'import { betterAuth } from "better-auth";\nexport const auth = betterAuth({});\n';
  for (const [isSaid, flags, more] of [
    [true, ["--yes"], {}],
    [false, ["--yes"], { "lib/auth.ts": auth }],
    [false, ["--yes", "--auth", "http://localhost:3001"], {}],
    [false, ["--yes", "--edge-url", "http://localhost:3005"], {}],
  ] as [boolean, string[], Record<string, string>][]) {
    await using made = await project({ ...files, ...more });
    const { stdout } = await made.init(...flags);
    assert.equal(/http:\/\/localhost:3000 is both Next\.js and Better Auth/.test(stdout), isSaid);
  }
});

test("an existing middleware of either name stays, and init shows what to add to it", async () => {
  for (const path of ["middleware.ts", "src/proxy.ts", "proxy.js"]) {
    await using made = await next("16.4.6", { [path]: "export const x = 1;\n" });
    const { code, stdout } = await made.init(...NO_API);
    assert.equal(code, 0);
    assert.equal(await made.read(path), "export const x = 1;\n");
    assert.match(stdout, new RegExp(`Add to ${path}, which exists:\n.*createMiddleware`, "s"));
    const written = Object.keys(await made.snapshot());
    assert.deepEqual(
      written.filter((name) => /(proxy|middleware)\.\w+$/.test(name)),
      [path],
    );
  }
});

test("the rules open the pages before the sign-in, and keep the application's own handlers", async () => {
  await using made = await next("16.4.6", {
    "app/(auth)/login/page.tsx": "",
    "app/(auth)/sign-up/page.tsx": "",
    "app/api/auth/[...all]/route.ts": "",
    "app/api/upload/route.ts": "",
    "lib/auth.ts":
      'import { betterAuth } from "better-auth";\nexport const auth = betterAuth({});\n',
    ".env.local": "BETTER_AUTH_URL=http://127.0.0.1:9\nBETTER_AUTH_SECRET=s\n",
  });
  const { stdout } = await made.init("--yes", "--api", "http://localhost:8000");
  const text = await made.read("proxy.ts");
  assert.match(text, /signInPath: "\/login"/);
  assert.match(text, /path: "\/sign-up", auth: "public"/);
  assert.match(text, /"\/api\/upload\/\*" \}.*\n.*\n.*"\/api\/\{user_id\}\/\*"/);
  assert.doesNotMatch(text, /"\/api\/auth/);
  assert.match(text, /secret: process\.env\.BETTER_AUTH_SECRET/);
  assert.match(stdout, /lib\/auth\.ts calls betterAuth\(\), without the jwt plugin/);
  assert.match(stdout, /Add the jwt plugin to lib\/auth\.ts/);
  assert.match(stdout, /Better Auth {2}http:\/\/127\.0\.0\.1:9$/m);
  assert.match(stdout, /Add to \.env\.local, which exists:\n {6}API_URL=.*\n {6}EDGE_ISSUER=.*\n/);
  assert.doesNotMatch(stdout, /BETTER_AUTH_SECRET=s/);
});

for (const [lockfile, add, run] of [
  ["package-lock.json", "npm install better-auth-edge", "npx better-auth-edge doctor"],
  ["pnpm-lock.yaml", "pnpm add better-auth-edge", "pnpm exec better-auth-edge doctor"],
  ["yarn.lock", "yarn add better-auth-edge", "yarn run better-auth-edge doctor"],
  ["bun.lock", "bun add better-auth-edge", "bunx better-auth-edge doctor"],
  ["bun.lockb", "bun add better-auth-edge", "bunx better-auth-edge doctor"],
] as const) {
  test(`${lockfile} decides the commands, in Next.js and beside it`, async () => {
    await using made = await next("16.4.6", { [lockfile]: "" });
    const { stdout } = await made.init(...API);
    assert(stdout.includes(`\n      ${add}\n`), stdout);
    assert(stdout.includes(`\n      ${run} `), stdout);
    await using other = await next("16.4.6", { [lockfile]: "" });
    const worker = await other.init(...API, "--edge", "worker");
    assert(worker.stdout.includes(`\n      ${add}\n`), worker.stdout);
    assert.match(worker.stdout, /(wrangler|better-auth-edge) dev --config edge\/wrangler\.toml/);
    const paths = Object.keys(await other.snapshot());
    assert(paths.includes("edge/src/index.ts") && !paths.includes("proxy.ts"));
    assert(
      !paths.includes("edge/package.json"),
      "the project's own package.json names the packages",
    );
    assert.match(
      await other.read("edge/wrangler.toml"),
      /^CORS_ORIGINS = "http:\/\/127\.0\.0\.1:9"$/m,
    );
  });
}

test("packageManager in package.json wins over a lockfile", async () => {
  const manifest = { packageManager: "pnpm@10.1.0", dependencies: { next: "16.4.6" } };
  const files = { "package.json": JSON.stringify(manifest), "package-lock.json": "{}" };
  await using made = await next("16.4.6", files);
  assert.match((await made.init(...NO_API)).stdout, /pnpm add better-auth-edge/);
});

test("a repository with a Next.js and a FastAPI folder gets both sides, each in its place", async () => {
  const api = Object.entries(UV_PROJECT).map(([path, text]) => [`api/${path}`, text]);
  await using both = await project({
    "web/package.json": JSON.stringify({ dependencies: { next: "16.4.6" } }),
    "web/tsconfig.json": "{}",
    "web/pnpm-lock.yaml": "",
    "web/src/app/page.tsx": "",
    ...Object.fromEntries(api),
  });
  const { stdout } = await both.init(...API);
  const written = Object.keys(await both.snapshot());
  for (const path of ["web/src/proxy.ts", "web/.env.local", "api/app/edge_auth.py", "api/.env"]) {
    assert(written.includes(path), path);
  }
  assert.match(stdout, /Install the packages, in web\/:\n {6}pnpm add better-auth-edge\n/);
  assert.match(stdout, /Install the Python package, in api\/:\n {6}uv add better-auth-edge\n/);
  assert.match(await both.read("api/.env"), /^EDGE_ISSUER=http:\/\/localhost:3000$/m);
  assert.match(await both.read("web/.env.local"), /^EDGE_ISSUER=http:\/\/localhost:3000$/m);
  assert.match(await both.read("api/.env"), /^EDGE_AUDIENCE=http:\/\/localhost:8000$/m);
  await both.init("--undo");
  const { stdout: worker } = await both.init(...ANSWERS, "--edge", "worker");
  assert.match(
    await both.read("edge/package.json"),
    RUNNER === "wrangler" ? /"wrangler"/ : /"workerd"/,
  );
  assert.match(await both.read("api/.env"), /^EDGE_ISSUER=http:\/\/localhost:8787$/m);
  assert.match(
    worker,
    /Install the packages, in edge\/:\n {6}pnpm (install|add --save-dev workerd)\n/,
  );
});

test("two applications of a kind are an error that names them, until one is chosen", async () => {
  await using many = await project({
    "apps/admin/package.json": JSON.stringify({ dependencies: { next: "16.4.6" } }),
    "apps/web/package.json": JSON.stringify({ dependencies: { next: "16.4.6" } }),
  });
  const { code, stderr } = await many.init(...NO_API);
  assert.equal(code, 2);
  assert.match(stderr, /several Next\.js applications \(apps\/admin, apps\/web\)/);
  assert.equal((await many.init(...NO_API, "--next-dir", "./apps/web/")).code, 0);
  assert(Object.keys(await many.snapshot()).includes("apps/web/proxy.js"));
  assert.equal((await many.init(...NO_API, "--next-dir", "../elsewhere")).code, 2);
});

test("pip and a folder without an app get a main.py and pip's commands", async () => {
  await using made = await project({ "requirements.txt": "fastapi==0.165.0\nuvicorn\n" });
  const { stdout } = await made.init(...NO_API);
  assert.match(await made.read("main.py"), /from edge_auth import/);
  assert.match(await made.read(".env"), /^EDGE_AUTH_MODE=jwks\nBETTER_AUTH_URL=http:\/\/127/m);
  assert.match(stdout, /pip install better-auth-edge\n/);
  assert.match(stdout, /uvicorn main:app --reload --port 8000\n/);
  assert(!Object.keys(await made.snapshot()).some((path) => path.startsWith("edge/")));
});

for (const [files, shown, start] of [
  [{ "app/main.py": "" }, "edge_auth", "uvicorn main:app --app-dir app "],
  [{ "app/main.py": "", "app/__init__.py": "" }, ".edge_auth", "uvicorn app.main:app "],
  [
    { "app/main.py": "import app.other\n", "app/other.py": "" },
    "app.edge_auth",
    "uvicorn app.main:app ",
  ],
  [
    { "src/app/main.py": "", "src/app/__init__.py": "" },
    ".edge_auth",
    "uvicorn app.main:app --app-dir src ",
  ],
  [{ "main.py": "" }, "edge_auth", "uvicorn main:app "],
] as const) {
  test(`with ${Object.keys(files).join(" and ")}, init imports ${shown} and starts ${start}`, async () => {
    const app = "from fastapi import FastAPI\n\napi = FastAPI()\n";
    const named = Object.entries(files).map(([path, text]) => [
      path,
      /main/.test(path) ? text + app : text,
    ]);
    const requirements = { "requirements.txt": "fastapi\nuvicorn\n" };
    await using made = await project({ ...requirements, ...Object.fromEntries(named) });
    const { stdout } = await made.init(...NO_API);
    assert(stdout.includes(`from ${shown} import PathUser, auth\n`), stdout);
    assert(stdout.includes(`\n      ${start.replace(":app", ":api")}`), stdout);
    // as uvicorn imports it
    const [, module = "", folder = "."] =
      /uvicorn ([\w.]+):app(?: --app-dir (\S+))?/.exec(start) ?? [];
    const main = Object.keys(files).find((path) => path.endsWith("main.py")) ?? "";
    await made.write(main, `${await made.read(main)}from ${shown} import auth\n`);
    const probe = `import sys; sys.path.insert(0, "${folder}"); import ${module} as m; print(m.auth.mode)`;
    const { stdout: mode } = await execute(PYTHON, ["-c", probe], { cwd: made.path });
    assert.equal(mode, "jwks\n");
  });
}

test("a project of another kind keeps its root, and the Worker gets a folder", async () => {
  await using express = await project({
    "package.json": JSON.stringify({ dependencies: { express: "5" } }),
    "server.js": "",
  });
  await express.init(...API);
  assert(Object.keys(await express.snapshot()).includes("edge/wrangler.toml"));
  await using go = await project({ "main.go": "" });
  await go.init(...API);
  assert(Object.keys(await go.snapshot()).includes("edge/wrangler.toml"));
});

/** Installs the packed package, and links what npm would install beside it. */
async function installModules({ path }: Project): Promise<void> {
  await install(path);
  await mkdir(join(path, "node_modules/@types"), { recursive: true });
  for (const name of ["next", "react", "react-dom", "typescript", "@types/node", "@types/react"]) {
    await symlink(join(MODULES, name), join(path, "node_modules", name));
  }
}

/** Compiles the project with its own tsconfig.json. */
async function compile({ path }: Project): Promise<void> {
  // declares what the layout of create-next-app names
  const typegen = ["node_modules/next/dist/bin/next", "typegen"];
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1" };
  await execute(process.execPath, typegen, { cwd: path, env });
  const tsc = [join(MODULES, "typescript/bin/tsc"), "--noEmit", "--skipLibCheck"];
  await execute(process.execPath, tsc, { cwd: path }).catch(({ stdout }) => {
    throw new Error(stdout);
  });
}

/** The variables of an environment file. */
function variables(text: string): Record<string, string> {
  const lines = text.matchAll(/^(\w+)='?(.*?)'?$/gm);
  return Object.fromEntries([...lines].map(([, name = "", value = ""]) => [name, value]));
}

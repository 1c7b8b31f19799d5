/** `better-auth-edge/worker`: a Worker of two files, installed, bundled by wrangler, in workerd. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { PACKAGE } from "./hosts/bundle.ts";
import { install } from "./install.ts";
import { serve } from "./servers.ts";
import { newSigner, token } from "./tokens.ts";
import { serve as serveWorker } from "./workerd.process.ts";

const run = promisify(execFile);
const ROOT = join(PACKAGE, "..");

let project: string;
before(async () => {
  project = await mkdtemp(join(tmpdir(), "better-auth-edge-"));
  await install(project);
});
after(() => rm(project, { recursive: true, force: true }));

test("the packed Worker is the one that the repository builds", async () => {
  for (const name of ["index.js", "index_bg.wasm"]) {
    const packed = await readFile(join(project, "node_modules/better-auth-edge/dist/worker", name));
    assert(packed.equals(await readFile(join(ROOT, "build", name))), name);
  }
});

test("a Worker of one line and a wrangler.toml decides in workerd what the edge decides", async () => {
  const signer = newSigner("EdDSA");
  await using auth = await serve(() => ({ body: { keys: [signer.jwk] } }));
  await using api = await serve(() => ({ body: { ok: true } }));
  await writeFile(
    join(project, "index.js"),
    'export { default, Revocations } from "better-auth-edge/worker";\n',
  );
  await writeFile(
    join(project, "wrangler.toml"),
    `name = "edge"
main = "index.js"
compatibility_date = "2026-11-01"
[[durable_objects.bindings]]
name = "REVOCATIONS"
class_name = "Revocations"
[[migrations]]
tag = "v1"
new_sqlite_classes = ["Revocations"]
`,
  );
  await wrangler("deploy", "--dry-run", "--outdir", "bundle");
  const directory = await mkdtemp(join(tmpdir(), "better-auth-edge-worker-"));
  const bundle = join(project, "bundle");
  const wasm = /"\.\/([\w-]+\.wasm)"/.exec(await readFile(join(bundle, "index.js"), "utf8"))?.[1];
  assert(wasm, "the bundle imports the wasm");
  for (const name of ["index.js", wasm]) await copyFile(join(bundle, name), join(directory, name));
  const settings = { BETTER_AUTH_URL: auth.url, ORIGIN_URL: api.url };
  const texts = Object.entries(settings).map(
    ([name, text]) => `(name = "${name}", text = "${text}")`,
  );
  const routes = JSON.stringify([{ path: "/api/{user_id}/*", match: { user_id: "sub" } }]);
  const worker = await serveWorker(
    directory,
    `modules = [(name = "index.js", esModule = embed "index.js"), (name = "./${wasm}", wasm = embed "${wasm}")],
  compatibilityDate = "2026-11-01",
  bindings = [${texts.join(", ")}, (name = "ROUTES", text = ${JSON.stringify(routes)})],
  globalOutbound = "internet"`,
  );
  try {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: auth.url, aud: auth.url, sub: "ada", iat: now, exp: now + 900 };
    const authorization = `Bearer ${token(signer, claims)}`;
    const status = async (path: string, headers: HeadersInit) =>
      (await fetch(`${worker.url}${path}`, { headers })).status;
    assert.equal(await status("/api/ada/tasks", { authorization }), 200);
    assert.equal(await status("/api/bob/tasks", { authorization }), 403);
    assert.equal(await status("/api/ada/tasks", {}), 401);
  } finally {
    await worker.stop();
  }
});

/** Runs the pinned wrangler in the project, offline. */
function wrangler(...args: string[]) {
  const program = join(ROOT, "node_modules/wrangler/bin/wrangler.js");
  return run(process.env.NODE_FOR_WRANGLER ?? process.execPath, [program, ...args], {
    cwd: project,
    env: {
      ...process.env,
      CI: "1",
      NO_COLOR: "1",
      WRANGLER_SEND_METRICS: "false",
      XDG_CONFIG_HOME: join(project, ".config"),
    },
  });
}

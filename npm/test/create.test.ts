/** `npm create better-auth-edge`: the package in `create/`, packed and installed. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { PACKAGE } from "./hosts/bundle.ts";

const execute = promisify(execFile);
const CREATE = join(PACKAGE, "../create");

let user: string;
before(async () => {
  user = await mkdtemp(join(tmpdir(), "better-auth-edge-create-"));
  await writeFile(join(user, "package.json"), "{}");
  const pack = ["pack", "--ignore-scripts", "--pack-destination", user, PACKAGE, CREATE];
  await execute("npm", pack, { cwd: user });
  const tarballs = (await readdir(user)).filter((name) => name.endsWith(".tgz"));
  assert.equal(tarballs.length, 2);
  const quietly = ["--offline", "--no-audit", "--no-fund", "--no-update-notifier"];
  const paths = tarballs.map((name) => `./${name}`);
  await execute("npm", ["install", ...quietly, ...paths], { cwd: user });
});
after(() => rm(user, { recursive: true, force: true }));

test("create runs init in a new folder, with its options", async () => {
  const { stdout } = await create("my-edge", "--auth", "http://127.0.0.1:9", "--yes");
  assert.match(
    await readFile(join(user, "my-edge/wrangler.toml"), "utf8"),
    /^name = "my-edge-edge"/m,
  );
  assert.match(stdout, /1\. Go to the project:\n {6}cd my-edge\n/);
  await create("my-edge", "--undo");
  assert.deepEqual(await readdir(join(user, "my-edge")), []);
});

test("create without a terminal names the flags of init", async () => {
  await assert.rejects(create(), ({ code, stderr }) => {
    assert.equal(code, 2);
    assert.match(stderr, /--yes.*--auth <url>/);
    return true;
  });
});

test("both packages have one version, and create requires exactly that one", async () => {
  const manifests = await Promise.all(
    [PACKAGE, CREATE].map(async (path) =>
      JSON.parse(await readFile(join(path, "package.json"), "utf8")),
    ),
  );
  const [own, other] = manifests;
  assert.equal(other.version, own.version);
  assert.equal(other.dependencies["better-auth-edge"], own.version);
});

function create(...args: string[]) {
  return execute(join(user, "node_modules/.bin/create-better-auth-edge"), args, { cwd: user });
}

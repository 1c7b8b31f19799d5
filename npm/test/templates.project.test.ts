/** The templates for Cloudflare agree with the repository, compile, and are complete. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { parse } from "smol-toml";
import { blocksOf } from "./documents.ts";
import { Project, ROOT, TEMPLATES } from "./templates.process.ts";

const execute = promisify(execFile);

let project: Project;
before(async () => {
  project = await Project.create("fullstack");
});
after(() => project[Symbol.asyncDispose]());

test("the templates require the versions of this repository", async () => {
  const [root, own] = await Promise.all([manifest("."), manifest("npm")]);
  const versions: Record<string, string> = {
    "better-auth-edge": own.version,
    "better-auth": own.devDependencies["better-auth"],
    wrangler: root.devDependencies.wrangler,
  };
  for (const name of await readdir(TEMPLATES)) {
    const { dependencies, devDependencies } = await manifest(`templates/${name}`);
    for (const [dependency, version] of Object.entries({ ...dependencies, ...devDependencies })) {
      assert.equal(version, versions[dependency], `${name}: ${dependency}`);
    }
  }
});

test("the templates have the compatibility date of this repository", async () => {
  const { compatibility_date: date } = parse(await readFile(join(ROOT, "wrangler.toml"), "utf8"));
  for (const name of await readdir(TEMPLATES)) {
    const config = await readFile(join(TEMPLATES, name, "wrangler.jsonc"), "utf8");
    assert.match(config, new RegExp(`"compatibility_date": "${date}"`), name);
  }
});

test("each secret and variable that the button asks for has a description, and no value", async () => {
  for (const name of await readdir(TEMPLATES)) {
    const { cloudflare } = await manifest(`templates/${name}`);
    const read = (file: string) => readFile(join(TEMPLATES, name, file), "utf8");
    const secrets = [...(await read(".dev.vars.example")).matchAll(/^(\w+)=(.*)$/gm)];
    assert(secrets.length > 0);
    assert(secrets.every(([, , value]) => value === ""));
    const variables = [...(await read("wrangler.jsonc")).matchAll(/^ {4}"([A-Z_]+)": "/gm)];
    assert(variables.length > 1);
    for (const [, setting = ""] of [...secrets, ...variables]) {
      assert(cloudflare.bindings[setting]?.description, `${name}: ${setting}`);
    }
  }
});

test("each script that a README runs exists", async () => {
  for (const name of await readdir(TEMPLATES)) {
    const { scripts } = await manifest(`templates/${name}`);
    const readme = await readFile(join(TEMPLATES, name, "README.md"), "utf8");
    const shell = blocksOf(name, readme).filter(({ language }) => language === "sh");
    const run = shell.flatMap(({ text }) => [...text.matchAll(/\bnpm run (\w+)/g)]);
    assert(run.length > 1);
    for (const [, script = ""] of run) assert(script in scripts, `${name}: npm run ${script}`);
  }
});

test("the migrations make every table and index that Better Auth needs", async () => {
  assert.match(await project.read("migrations/0001_better_auth.sql"), /create table "rateLimit"/);
  assert.equal((await project.script("schema")).replaceAll(/[\s;]/g, ""), "");
});

test("a table that no migration makes is in the printed schema", async () => {
  await using other = await Project.create("fullstack");
  const options = await other.read("src/auth.ts");
  const changed = options
    .replace("import { jwt }", "import { jwt, twoFactor }")
    .replace("plugins: [", "plugins: [\n      twoFactor(),");
  await other.write("src/auth.ts", changed);
  assert.match(await other.script("schema"), /create table "twoFactor"/);
});

test("the Worker compiles with the types that wrangler makes", async () => {
  await project.script("types");
  const tsc = [join(ROOT, "node_modules/typescript/bin/tsc"), "--pretty", "false"];
  const options = { cwd: project.path };
  await execute(process.execPath, tsc, options).catch(({ stdout }) => assert.fail(stdout));
});

// biome-ignore lint/suspicious/noExplicitAny: the tests assert the shape
async function manifest(directory: string): Promise<any> {
  return JSON.parse(await readFile(join(ROOT, directory, "package.json"), "utf8"));
}

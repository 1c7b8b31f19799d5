/** `init` with other answers than the files have, and the commands that it prints. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { outcome, PROGRAM } from "./cli.process.ts";
import { ANSWERS, type Project, project, RUNNER, UV_PROJECT } from "./init-projects.ts";

const OTHER_API = ["--auth", "http://127.0.0.1:9", "--api", "http://localhost:8001", "--yes"];
const NEXT = {
  "package.json": JSON.stringify({ dependencies: { next: "16.4.6" } }),
  "tsconfig.json": "{}",
  "app/page.tsx": "",
};

test("another edge URL is a difference in each file that names it", async () => {
  await using made = await project(UV_PROJECT);
  await made.init(...ANSWERS);
  const other = "http://localhost:8790";
  const { stdout } = await made.init(...ANSWERS, "--edge-url", other);
  const changes = [
    `edge/.dev.vars:2  EDGE_ISSUER=${other}`,
    `edge/package.json:6  "dev": "${RUNNER} dev --port 8790"`,
    `.env:3  EDGE_JWKS_URL=${other}`,
    `.env:4  EDGE_ISSUER=${other}`,
  ];
  assertChanges(stdout, changes);
  for (const path of ["edge/.dev.vars", "edge/package.json", ".env"]) {
    assert.match(stdout, new RegExp(`keep {2}${path} {2}exists and stays: see below`));
  }
  assert.match(stdout, /keep {2}edge\/wrangler\.toml {2}is set up/);
  await apply(made, changes);
  // the next run needs no flags
  const { stdout: again } = await made.init("--yes");
  assert.doesNotMatch(again, /Change these lines|see below|other answers before/);
});

test("the deployed edge's URL is a difference in wrangler.toml alone", async () => {
  await using made = await project();
  await made.init(...ANSWERS, "--edge-url", "https://one.example.com");
  const { stdout } = await made.init(...ANSWERS, "--edge-url", "https://two.example.com");
  const line = lineOf(await made.read("wrangler.toml"), /^EDGE_ISSUER/);
  assertChanges(stdout, [`wrangler.toml:${line}  EDGE_ISSUER = "https://two.example.com"`]);
  await using other = await project();
  await other.init(...ANSWERS);
  const { stdout: first } = await other.init(...ANSWERS, "--edge-url", "https://two.example.com");
  assertChanges(first, ['wrangler.toml: add  EDGE_ISSUER = "https://two.example.com"']);
});

test("other URLs and another claim are differences in the Worker's configuration", async () => {
  for (const name of ["wrangler.toml", "wrangler.jsonc"]) {
    await using made = await project();
    if (name === "wrangler.jsonc") await made.write(name, JSONC);
    await made.init(...ANSWERS);
    const [auth, api] = ["http://127.0.0.1:8", "https://api.example.com"];
    const flags = ["--auth", auth, "--api", api, "--user-claim", "uuid", "--yes"];
    const { stdout } = await made.init(...flags);
    const text = await made.read(name);
    const place = (pattern: RegExp) => `${name}:${lineOf(text, pattern)}`;
    const quoted = name === "wrangler.toml" ? "" : '"';
    const sign = name === "wrangler.toml" ? " =" : ":";
    assertChanges(stdout, [
      `${place(/^\W*BETTER_AUTH_URL/)}  ${quoted}BETTER_AUTH_URL${quoted}${sign} "${auth}"`,
      `${place(/^\W*ORIGIN_URL/)}  ${quoted}ORIGIN_URL${quoted}${sign} "${api}"`,
      `${place(/^\W*USER_CLAIM/)}  ${quoted}USER_CLAIM${quoted}${sign} "uuid"`,
      name === "wrangler.toml"
        ? `${place(/^match/)}  match = { user_id = "uuid" }`
        : `${place(/"match"/)}  "user_id": "uuid"`,
    ]);
  }
});

test("init names no difference for the URLs of a deployment and of an environment", async () => {
  await using made = await project();
  await made.init(...ANSWERS);
  const text = (await made.read("wrangler.toml"))
    .replace("http://127.0.0.1:9", "https://app.example.com")
    .replace('"http://localhost:8000"', "'https://api.example.com/'");
  const staging = '[env.staging.vars]\nBETTER_AUTH_URL = "http://a"\nUSER_CLAIM = "id"\n';
  await made.write("wrangler.toml", `${text}\n${staging}# ORIGIN_URL = "http://b"\n`);
  const { stdout } = await made.init(...ANSWERS);
  assert.doesNotMatch(stdout, /Change these lines/);
  assert.match(stdout, /keep {2}wrangler\.toml {2}is set up/);
});

test("init names no difference for a rule that compares another claim", async () => {
  await using made = await project();
  await made.init(...ANSWERS);
  const text = await made.read("wrangler.toml");
  await made.write("wrangler.toml", text.replace('user_id = "sub"', 'user_id = "team"'));
  const { stdout } = await made.init(...ANSWERS);
  assert.match(stdout, /keep {2}wrangler\.toml {2}is set up/);
});

test("another claim, another mode and an API that is new are differences in Next.js and FastAPI", async () => {
  await using made = await project({ ...UV_PROJECT, ...NEXT });
  await made.init("--auth", "http://127.0.0.1:9", "--edge", "none", "--yes");
  assert.match(await made.read(".env"), /^EDGE_AUTH_MODE=jwks$/m);
  await made.write("proxy.ts", PROXY);
  const { stdout } = await made.init(...ANSWERS, "--edge", "next", "--user-claim", "uuid");
  assertChanges(stdout, [
    "proxy.ts: add  origin: process.env.API_URL,",
    "proxy.ts: add  edgeIssuer: process.env.EDGE_ISSUER,",
    'proxy.ts: add  { path: "/api/{user_id}/*", match: { user_id: "uuid" }, to: "origin" },',
    'proxy.ts:4  userClaim: "uuid",',
    'proxy.ts:5  match: { user_id: "uuid" }',
    ".env:2  EDGE_AUTH_MODE=assertion",
  ]);
  assert.match(stdout, /Add to \.env, which exists:\n {6}EDGE_JWKS_URL=http/);
});

test("a variable in quotes, with a comment or a slash has the same value", async () => {
  const lines = [
    'BETTER_AUTH_URL="http://127.0.0.1:9/" # here',
    "export API_URL = 'http://localhost:8000'",
  ];
  await using made = await project({ ...NEXT, ".env.local": `${lines.join("\r\n")}\r\n` });
  const { stdout } = await made.init(...ANSWERS);
  assert.doesNotMatch(stdout, /Change these lines/);
  const { stdout: other } = await made.init(...OTHER_API);
  assertChanges(other, [".env.local:2  API_URL=http://localhost:8001"]);
  // the last line of a name wins
  const text = await made.read(".env.local");
  await made.write(".env.local", `${text}API_URL=http://localhost:8001\n`);
  const { stdout: last } = await made.init(...OTHER_API);
  assert.doesNotMatch(last, /Change these lines/);
});

for (const [version, line] of [
  ["22.12.0", "npx wrangler dev"],
  ["24.1.0", "npx wrangler dev"],
  ["22.11.9", "npx better-auth-edge dev"],
  ["20.19.0", "npx better-auth-edge dev"],
] as const) {
  test(`on Node ${version}, init starts the edge with ${line}, at the port of its URL`, async () => {
    await using made = await project();
    const { stdout } = await onNode(version, made, []);
    assert(stdout.includes(`\n      ${line}\n`), stdout);
    const { stdout: other } = await onNode(version, made, ["--edge-url", "http://localhost:8790"]);
    assert(other.includes(`\n      ${line} --port 8790\n`), other);
    const needsNode = version < "22.12";
    assert.equal(/Install Node 22\.12 or later\s+to deploy/.test(stdout), needsNode);
    const { devDependencies, scripts } = JSON.parse(await made.read("package.json"));
    assert.deepEqual(Object.keys(devDependencies), [needsNode ? "workerd" : "wrangler"]);
    assert.equal(`npx ${scripts.dev}`, line);
    assert.equal(/^ {6}npm install --save-dev wrangler\n.*keygen/m.test(stdout), needsNode);
    // a package.json that has neither
    await made.init("--undo");
    await made.write("package.json", "{}");
    const { stdout: existing } = await onNode(version, made, []);
    const [installation = ""] = /Install the packages:\n( {6}.*\n)+/.exec(existing) ?? [];
    assert.match(installation, needsNode ? /--save-dev workerd\n$/ : /--save-dev wrangler\n$/);
    assert.equal(installation.includes("wrangler"), !needsNode);
  });
}

test("Next.js starts at the port of its URL", async () => {
  for (const [lockfile, line] of [
    ["package-lock.json", "npm run dev -- --port 3001"],
    ["pnpm-lock.yaml", "pnpm run dev --port 3001"],
  ] as const) {
    await using made = await project({ ...NEXT, [lockfile]: "" });
    const { stdout } = await made.init(...ANSWERS, "--edge-url", "http://localhost:3001");
    assert(stdout.includes(`\n      ${line}\n`), stdout);
  }
});

test("on a terminal that says nothing of its size, lines have more than one word", async () => {
  await using made = await project();
  const command = `stty cols 0; '${process.execPath}' '${PROGRAM}' init ${ANSWERS.join(" ")}`;
  const { stdout } = await outcome("script", ["-qec", command, "/dev/null"], "", {}, made.path);
  assert.match(stdout, /^ {2}1\. Install the packages:\r$/m);
});

const JSONC = `{
  // the edge
  "name": "mine",
  "vars": {
    "BETTER_AUTH_URL": "http://127.0.0.1:9",
    "ORIGIN_URL": "http://localhost:8000",
    "USER_CLAIM": "sub",
    "ROUTES": [{ "path": "/api/{user_id}/*",
      "match": { "user_id": "sub" } }],
  },
}
`;

const PROXY = `import { createMiddleware } from "better-auth-edge/next";
export const proxy = createMiddleware({
  baseURL: process.env.BETTER_AUTH_URL!,
  userClaim: "sub",
  routes: [{ path: "/api/{user_id}/*", match: { user_id: "sub" } }],
});
`;

/** Runs `init` as if this were another version of Node. */
function onNode(version: string, { path }: Project, args: string[]) {
  const versions = `{ ...process.versions, node: ${JSON.stringify(version)} }`;
  const code = `Object.defineProperty(process, "versions", { value: ${versions} });`;
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(code)}`;
  const command = [PROGRAM, "init", ...ANSWERS, ...args];
  return outcome(process.execPath, command, "", { NODE_OPTIONS }, path);
}

/** The output names exactly these lines. */
function assertChanges(output: string, changes: string[]): void {
  const [, shown = ""] = /Change these lines[^:]*:\n((?: {6}.*\n)+)/.exec(output) ?? [];
  const lines = shown.split("\n").filter(Boolean);
  assert.deepEqual(
    lines.map((line) => line.slice(6)),
    changes,
  );
}

/** Does what the output says. */
async function apply(made: Project, changes: string[]): Promise<void> {
  for (const change of changes) {
    const [, path = "", number, text = ""] = /^(.*?):(\d+) {2}(.*)$/.exec(change) ?? [];
    const lines = (await made.read(path)).split("\n");
    const before = lines[Number(number) - 1] ?? "";
    // a member of an object keeps its indentation and its comma
    const [indent] = /^ */.exec(before) ?? [""];
    lines[Number(number) - 1] = indent + text + (before.endsWith(",") ? "," : "");
    await made.write(path, lines.join("\n"));
  }
}

function lineOf(text: string, pattern: RegExp): number {
  return text.split("\n").findIndex((line) => pattern.test(line)) + 1;
}

/** The commands in the documentation exist, with their options and their variables. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { run as runCli } from "./cli.process.ts";
import { type Block, blocks, ROOT } from "./documents.ts";

const run = promisify(execFile);

test("every command in the documentation exists, and accepts its options", async () => {
  const found = blocks("sh").flatMap((block) =>
    commandsOf(block.text).map((it) => ({ block, it })),
  );
  assert.ok(found.length > 50, `${found.length}`);
  const errors: string[] = [];
  for (const { block, it } of found) {
    const error = await errorOf(it);
    if (error) errors.push(`${place(block)}: ${it.words.join(" ")}: ${error}`);
  }
  assert.deepEqual(errors, []);
});

test("every variable in the documentation is a setting, or one of the pages' own", () => {
  const rows = ["docs/configuration.md", "docs/fastapi/settings.md", "docs/nextjs.md"].flatMap(
    (page) =>
      read(page)
        .split("\n")
        .filter((line) => line.startsWith("| `")),
  );
  const settings = rows.flatMap((row) => row.split("|")[1]?.match(/[A-Z][A-Z_]+/g) ?? []);
  for (const block of blocks("sh")) {
    for (const name of commandsOf(block.text).flatMap(({ variables }) => variables)) {
      assert.ok([...settings, ...OWN].includes(name), `${place(block)}: ${name} is not a setting`);
    }
  }
});

test("the command of every configuration for MCP clients exists, and accepts its options", async () => {
  const configurations = blocks("json").map(({ text }) => JSON.parse(text));
  const servers = configurations.flatMap(({ mcpServers = {} }) => Object.values(mcpServers));
  assert.ok(servers.length > 0);
  for (const { command, args } of servers as { command: string; args: string[] }[]) {
    assert.equal(await errorOf({ variables: [], words: [command, ...args] }), undefined);
  }
});

/** Variables of other programs. */
const OWN = ["DATABASE_URL", "POSTGRES_PASSWORD", "TOKEN", "USER_ID"];

test("a wrong command, option or variable is found", async () => {
  for (const [text, error] of [
    ["npx better-auth-edge docter x", "no such command"],
    ["pbpaste | npx better-auth-edge verify --base-uri x", "no option --base-uri"],
    ["cargo xtask biuld", "no such command"],
    ["npx wrangler secrets put X", "no such command"],
    ["npx wrangler dev --prt 1", "no option --prt"],
    ["pip instal x", "no such command"],
    ["pip install --upgrad x", "no option --upgrad"],
    ["brew install x", "no test knows this program"],
    ["echo $(npx better-auth-edge keygn)", "no such command"],
  ] as const) {
    const errors = await Promise.all(commandsOf(text).map(errorOf));
    assert.ok(
      errors.some((found) => found?.includes(error)),
      `${text}: ${errors}`,
    );
  }
  const [{ variables } = { variables: [] }] = commandsOf("A_B=1 C=2 uvicorn main:app");
  assert.deepEqual(variables, ["A_B", "C"]);
  const heredoc = commandsOf("cat >> .env <<END\nA=1\nB='$(npx better-auth-edge keygen)'\nEND\nls");
  assert.deepEqual(heredoc.map(({ words }) => words.join(" ")).filter(Boolean), [
    "cat",
    "npx better-auth-edge keygen",
    "ls",
  ]);
});

/** A command: the variables before it, and its words. */
interface CommandLine {
  variables: string[];
  words: string[];
}

/** The commands of a block for a shell. A block may also be a file of variables. */
function commandsOf(text: string): CommandLine[] {
  const unfolded = text.replace(/\\\n/g, " ").replace(/<<(\w+)\n(.*?)\n\1$/gms, "\n$2");
  return unfolded.split("\n").flatMap((line) => {
    const inner = [...line.matchAll(/\$\(([^)]*)\)/g)].flatMap(([, it]) => commandsOf(it ?? ""));
    const code = line.replace(/\$\([^)]*\)/g, "…").replace(/(^|\s)#.*$/, "");
    const tokens = code.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
    const parts: string[][] = [[]];
    for (const [index, token] of tokens.entries()) {
      if (/^(\|\|?|&&|;|[()])$/.test(token)) parts.push([]);
      // a redirection and its file
      else if (!/^>>?$/.test(token) && !/^>>?$/.test(tokens[index - 1] ?? ""))
        parts.at(-1)?.push(token);
    }
    const commands = parts.map((words) => {
      const end = words.findIndex((word) => !/^[A-Z][A-Z_]*=/.test(word));
      const own = end === -1 ? words.length : end;
      const variables = words.slice(0, own).map((word) => word.split("=")[0] ?? "");
      return { variables, words: words.slice(own) };
    });
    return [
      ...inner,
      ...commands.filter(({ variables, words }) => variables.length + words.length),
    ];
  });
}

/** Programs of others whose commands the pages show as their own documentation has them. */
const OTHERS =
  /^(alembic|cat|cd|cp|curl|cut|docker|echo|exit|grep|ls|mkdir|mypy|openssl|pbpaste|printf|pytest|python3?|ruff|test|umask|uvicorn|\.|\.\.\/\.venv\/bin\/python)$/;
const OTHER_PACKAGES = ["auth@latest", "@better-auth/cli@1.4"];

/** What is wrong with a command; `undefined` if nothing is. */
async function errorOf({
  words: [program = "", ...words],
}: CommandLine): Promise<string | undefined> {
  if (program === "" || OTHERS.test(program)) return undefined;
  if (program === "npx") {
    const [name = "", ...rest] = words[0] === "--yes" ? words.slice(1) : words;
    if (/^(\.\/)?better-auth-edge(-\*\.tgz)?$/.test(name)) return unlessAccepted(rest, helpOfCli);
    if (name === "wrangler") return unlessAccepted(rest, helpOfWrangler);
    return OTHER_PACKAGES.includes(name) ? undefined : "no test knows this package";
  }
  if (program === "cargo") {
    return words[0] === "xtask" ? errorOfXtask(words.slice(1)) : unlessAccepted(words, helpOfCargo);
  }
  if (program === "pip") return unlessAccepted(words, helpOfPip);
  // what follows `--` is for another program
  if (program === "npm") return unlessAccepted(words.slice(0, separator(words)), helpOfNpm);
  return "no test knows this program";
}

function separator(words: string[]): number | undefined {
  return words.includes("--") ? words.indexOf("--") : undefined;
}

type HelpOf = (command: string[]) => Promise<string>;

/** The helps of commands: to start a program takes long. */
const helps = new Map<string, string>();

/** Checks the options against a command's help, which is empty if the command does not exist. */
async function unlessAccepted(words: string[], helpOf: HelpOf) {
  const end = words.findIndex((word) => !/^[a-z][a-z\d-]*$/.test(word));
  const command = words.slice(0, end === -1 ? words.length : end);
  const key = `${helpOf.name} ${command.join(" ")}`;
  const help = await (helps.get(key) ?? helpOf(command));
  helps.set(key, help);
  if (help === "") return "no such command";
  const options = words
    .filter((word) => /^--?[a-z]/.test(word))
    .map((word) => word.split("=")[0] ?? "");
  const unknown = options.filter(
    (option) => !new RegExp(`(^|[\\s,[|])${option}\\b(?!-)`).test(help),
  );
  return unknown.length > 0 ? `no option ${unknown.join(" ")}` : undefined;
}

async function helpOfCli(command: string[]): Promise<string> {
  const { code, stdout } = await runCli([...command.slice(0, 1), "--help"]);
  return code === 0 ? stdout : "";
}

/** wrangler requires a newer Node than the package. `cargo xtask test npm` names one. */
const NODE = process.env.NODE_FOR_WRANGLER ?? process.execPath;

function helpOfWrangler(command: string[]): Promise<string> {
  const name = command.join(" ");
  const wrangler = join(ROOT, "node_modules/wrangler/bin/wrangler.js");
  const env = { ...process.env, WRANGLER_SEND_METRICS: "false", NO_COLOR: "1" };
  return run(NODE, [wrangler, ...command, "--help"], { env }).then(
    // an unknown command shows the help of the one before it
    ({ stdout }) => (stdout.includes(`wrangler ${name}`) ? stdout : ""),
    () => "",
  );
}

async function helpOfPip([command = ""]: string[]): Promise<string> {
  const python = process.env.PYTHON ?? "python3";
  const args = ["-m", "pip", "--disable-pip-version-check", command, "--help"];
  return run(python, args).then(
    ({ stdout }) => stdout,
    () => "",
  );
}

async function helpOfNpm([command = ""]: string[]): Promise<string> {
  return run("npm", [command, "--help"]).then(
    ({ stdout }) => stdout,
    () => "",
  );
}

async function helpOfCargo([command = ""]: string[]): Promise<string> {
  return run("cargo", [command, "--help"]).then(
    ({ stdout }) => stdout,
    () => "",
  );
}

/** Options of `cargo xtask` that a value follows. */
const WITH_VALUE = new Set([
  "--datacenters",
  "--hours",
  "--isolates",
  "--load",
  "--minutes",
  "--profile",
  "--requests",
  "--scenario",
  "--seed",
  "--token-lifetime",
  "--users",
  "--visits",
  "--workers",
]);

/** `cargo xtask` is the repository's own: its source names every command and part. */
function errorOfXtask(words: string[]): string | undefined {
  const source = ["main", "test/mod", "bench/mod", "simulate/mod", "soak/mod"]
    .map((name) => read(`xtask/src/${name}.rs`))
    .join("\n");
  const [command] = words;
  if (!source.includes(`cargo xtask ${command}`)) return "no such command";
  const isRead = (word: string, i: number) =>
    WITH_VALUE.has(words[i - 1] ?? "") || source.includes(`"${word}"`);
  const unknown = words.filter((word, i) => !isRead(word, i));
  return unknown.length > 0 ? `xtask does not read ${unknown.join(" ")}` : undefined;
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

function place({ page, line }: Block): string {
  return `${page}:${line}`;
}

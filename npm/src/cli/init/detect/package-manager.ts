import { existsSync as exists, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { shellLine } from "../../quote.ts";
import type { Folder } from "../folder.ts";

/** The program that installs the project's JavaScript packages, and its commands. */
export interface PackageManager {
  name: "npm" | "pnpm" | "yarn" | "bun";
  /** Why the project uses it: a path, or a sentence. */
  because: string;
  /** The command that installs packages. */
  add(packages: string[], isDevelopment?: boolean): string;
  /** The command that installs what package.json names. */
  install: string;
  /** The command that runs a program of an installed package. */
  run(words: string[]): string;
  /** The command that runs a script of package.json, with options for it. */
  script(name: string, options: string[]): string;
}

/**
 * Finds the package manager: by `packageManager` in package.json, by a lockfile in the folder or
 * above it, by the program that runs this one, or npm.
 *
 * @param subfolder the package's folder in the project
 */
export function packageManager(folder: Folder, subfolder: string): PackageManager {
  for (const path of upwards(folder.absolute(subfolder))) {
    const declared = readDeclared(join(path, "package.json"));
    if (declared) return manager(declared, `packageManager in ${shown(path, "package.json")}`);
    for (const [lockfile, name] of LOCKFILES) {
      if (exists(join(path, lockfile))) return manager(name, shown(path, lockfile));
    }
  }
  const [agent = ""] = (process.env.npm_config_user_agent ?? "").split("/");
  if (isName(agent) && agent !== "npm") return manager(agent, `${agent} runs this command`);
  return manager("npm", "no lockfile was found");

  function shown(path: string, name: string): string {
    return path === folder.absolute(subfolder)
      ? [subfolder, name].filter(Boolean).join("/")
      : `${name} in ${path === folder.root ? "the project's folder" : "a folder above"}`;
  }
}

const LOCKFILES = [
  ["pnpm-lock.yaml", "pnpm"],
  ["bun.lock", "bun"],
  ["bun.lockb", "bun"],
  ["yarn.lock", "yarn"],
  ["package-lock.json", "npm"],
  ["npm-shrinkwrap.json", "npm"],
] as const;

const COMMANDS = {
  npm: { add: "npm install", development: "--save-dev", run: "npx", script: "npm run" },
  pnpm: { add: "pnpm add", development: "--save-dev", run: "pnpm exec", script: "pnpm run" },
  yarn: { add: "yarn add", development: "--dev", run: "yarn run", script: "yarn run" },
  bun: { add: "bun add", development: "--dev", run: "bunx", script: "bun run" },
};

function manager(name: PackageManager["name"], because: string): PackageManager {
  const { add, development, run, script: runScript } = COMMANDS[name];
  return {
    name,
    because,
    install: `${name} install`,
    add: (packages, isDevelopment) =>
      `${add} ${shellLine([...(isDevelopment ? [development] : []), ...packages])}`,
    run: (words) => `${run} ${shellLine(words)}`,
    script: (script, options) => {
      // npm reads options before "--" as its own
      const separator = name === "npm" && options.length > 0 ? ["--"] : [];
      return `${runScript} ${shellLine([script, ...separator, ...options])}`;
    },
  };
}

/** The folder and those above it, up to the repository's root. */
function upwards(start: string): string[] {
  const paths: string[] = [];
  for (let path = start; paths.length < 12; path = dirname(path)) {
    paths.push(path);
    if (exists(join(path, ".git")) || dirname(path) === path) break;
  }
  return paths;
}

function readDeclared(file: string): PackageManager["name"] | undefined {
  try {
    const { packageManager } = JSON.parse(readFileSync(file, "utf8"));
    const [name = ""] = String(packageManager).split("@");
    return isName(name) ? name : undefined;
  } catch {
    return undefined;
  }
}

function isName(name: string): name is PackageManager["name"] {
  return Object.hasOwn(COMMANDS, name);
}

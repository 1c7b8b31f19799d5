/** Finds workerd, the runtime of Cloudflare Workers, which the project installs. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

/** workerd is not installed. The message says how to install it. */
export class NoWorkerd extends Error {
  override name = "NoWorkerd";
}

/**
 * The path of the program: the project's, or the one that this package finds.
 *
 * @throws {NoWorkerd} if it is not installed
 */
export function findWorkerd(): string {
  for (const from of [join(process.cwd(), "package.json"), import.meta.url]) {
    try {
      // the package's default export is the path of the program
      const found = createRequire(from)("workerd") as { default: string };
      if (existsSync(found.default)) return found.default;
    } catch {
      // not installed here
    }
  }
  throw new NoWorkerd(`workerd, the Worker's runtime, is not installed: ${installCommand()}`);
}

/** The command that adds workerd, by the project's package manager. */
function installCommand(): string {
  const [agent] = (process.env.npm_config_user_agent ?? "").split("/");
  const locked = LOCK_FILES.find(([file]) => existsSync(file))?.[1];
  const manager = locked ?? (agent && agent in ADD ? agent : "npm");
  return `${ADD[manager]} workerd`;
}

const LOCK_FILES = [
  ["pnpm-lock.yaml", "pnpm"],
  ["yarn.lock", "yarn"],
  ["bun.lock", "bun"],
  ["bun.lockb", "bun"],
  ["package-lock.json", "npm"],
] as const;
const ADD: Record<string, string> = {
  npm: "npm install",
  pnpm: "pnpm add",
  yarn: "yarn add",
  bun: "bun add",
};

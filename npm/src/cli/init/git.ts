import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Whether git has this path in its index, so that it would commit a new file there.
 *
 * @returns `false` without git or outside of a repository
 */
export function isTracked(path: string): boolean {
  return git(path, ["ls-files", "--error-unmatch", "--", path]) === 0;
}

/**
 * Whether git ignores this path, by any of its files.
 *
 * @returns `undefined` without git or outside of a repository
 */
export function isIgnored(path: string): boolean | undefined {
  const status = git(path, ["check-ignore", "--quiet", "--no-index", "--", path]);
  return status === 0 ? true : status === 1 ? false : undefined;
}

/** Runs git in the nearest folder of the path that exists. */
function git(path: string, args: string[]): number | null {
  let folder = dirname(path);
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  // the repository's configuration may name a program for this
  const options = ["-c", "core.fsmonitor=false"];
  return spawnSync("git", [...options, ...args], { cwd: folder, stdio: "ignore" }).status;
}

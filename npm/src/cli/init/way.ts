import { lstatSync, realpathSync } from "node:fs";
import { relative } from "node:path";
import { InitError } from "./error.ts";
import { type Folder, isWithin } from "./folder.ts";

/**
 * Checks the folders on the way to a file of the project.
 *
 * @throws {InitError} if one is a symbolic link out of the project, or not a folder
 */
export function checkWay(folder: Folder, path: string): void {
  for (const parent of parentsOf(path)) {
    const absolute = folder.absolute(parent);
    const found = lstatSync(absolute, { throwIfNoEntry: false });
    if (!found) return;
    if (found.isSymbolicLink()) {
      const real = realpathIfAny(absolute);
      if (real === undefined || !isWithin(folder.root, real)) {
        throw new InitError(
          `${parent} is a symbolic link out of the project: init writes no ${path}`,
        );
      }
      if (/(^|\/)(\.git|node_modules)(\/|$)/i.test(relative(folder.root, real))) {
        throw new InitError(
          `${parent} is a symbolic link to a tool's folder: init writes no ${path}`,
        );
      }
    } else if (!found.isDirectory()) {
      throw new InitError(`${parent} is not a folder: init cannot write ${path}`);
    }
  }
}

/** The folders above a path in the project, the outermost first: `a` and `a/b` for `a/b/c`. */
export function parentsOf(path: string): string[] {
  const segments = path.split("/");
  return segments.slice(1).map((_, i) => segments.slice(0, i + 1).join("/"));
}

function realpathIfAny(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

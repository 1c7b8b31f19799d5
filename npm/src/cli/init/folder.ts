import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import { isPrintable } from "../terminal.ts";

/** The project's folder. It reads nothing behind a symbolic link that leads out of it. */
export class Folder {
  /** The absolute path, without symbolic links. */
  readonly root: string;
  #files: string[] | undefined;

  /** @param path the folder, which may not exist yet */
  constructor(path: string) {
    const absolute = resolve(path);
    this.root = existsSync(absolute) ? realpathSync(absolute) : absolute;
  }

  /** The absolute path of a path in the folder. */
  absolute(path: string): string {
    return join(this.root, path);
  }

  /** Whether something has this path: a file, a folder or a link, even one that leads nowhere. */
  has(path: string): boolean {
    return lstatSync(this.absolute(path), { throwIfNoEntry: false }) !== undefined;
  }

  /** Whether the path itself is a symbolic link. */
  isLink(path: string): boolean {
    return lstatSync(this.absolute(path), { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  }

  /**
   * The text of a file.
   *
   * @returns `undefined` if it does not exist, is not a file, is outside of the folder or larger
   *   than a megabyte
   */
  text(path: string): string | undefined {
    try {
      const file = this.#inside(this.absolute(path));
      const { size } = statSync(file);
      return size > MAX_BYTES ? undefined : readFileSync(file, "utf8");
    } catch {
      return undefined;
    }
  }

  /** The names in a subfolder, sorted; none if it does not exist. */
  names(path: string): { name: string; isFolder: boolean }[] {
    try {
      return (
        readdirSync(this.#inside(this.absolute(path)), { withFileTypes: true })
          .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }))
          // no command can show the name of such a file
          .filter(({ name }) => isPrintable(name))
          .sort((a, b) => (a.name < b.name ? -1 : 1))
      );
    } catch {
      return [];
    }
  }

  /**
   * The paths of the project's own files, those near the root first: without dependencies, output
   * of builds, and folders whose name begins with a dot.
   */
  files(): string[] {
    this.#files ??= this.#walk();
    return this.#files;
  }

  #walk(): string[] {
    const found: string[] = [];
    let folders = [""];
    for (let depth = 0; depth < MAX_DEPTH && found.length < MAX_FILES; depth++) {
      const below: string[] = [];
      for (const folder of folders) {
        for (const { name, isFolder } of this.names(folder)) {
          const path = folder === "" ? name : `${folder}/${name}`;
          if (!isFolder) found.push(path);
          else if (!name.startsWith(".") && !SKIPPED.has(name)) below.push(path);
        }
      }
      folders = below;
    }
    return found;
  }

  /** @throws if the path leads out of the folder */
  #inside(path: string): string {
    const real = realpathSync(path);
    if (isWithin(this.root, real)) return real;
    throw new Error("outside of the project");
  }
}

/** Whether the absolute path is the folder or below it. */
export function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`) && resolve(path) !== way);
}

const MAX_BYTES = 1024 * 1024;
const MAX_FILES = 20_000;
/** apps/web/src/lib/auth/index.ts */
const MAX_DEPTH = 6;
const SKIPPED = new Set([
  "node_modules",
  "venv",
  "env",
  "site-packages",
  "__pycache__",
  "dist",
  "build",
  "out",
  "target",
  "vendor",
  "coverage",
]);

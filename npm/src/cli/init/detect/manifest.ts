import type { Folder } from "../folder.ts";

/** A package.json: the names and versions of its dependencies, of every kind. */
export interface Manifest {
  /** The folder that contains it; empty for the project's own. */
  folder: string;
  dependencies: Record<string, string>;
}

/** Reads the package.json of a subfolder; `undefined` if it does not exist or is not JSON. */
export function readManifest(folder: Folder, subfolder: string): Manifest | undefined {
  const text = folder.text(inFolder(subfolder, "package.json"));
  if (text === undefined) return undefined;
  try {
    const { dependencies, devDependencies } = JSON.parse(text);
    return { folder: subfolder, dependencies: { ...devDependencies, ...dependencies } };
  } catch {
    return undefined;
  }
}

/** The path of a name in a subfolder, which may be empty. */
export function inFolder(subfolder: string, name: string): string {
  return subfolder === "" ? name : `${subfolder}/${name}`;
}

/** The folder of a path; empty for the project's own. */
export function folderOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
}

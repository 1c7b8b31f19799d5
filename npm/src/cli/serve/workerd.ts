/** Finds workerd, the runtime of Cloudflare Workers, which the project installs. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { packageManager } from "../init/detect/package-manager.ts";
import { Folder } from "../init/folder.ts";

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
  const install = packageManager(new Folder("."), "").add(["workerd"]);
  throw new NoWorkerd(`workerd, the Worker's runtime, is not installed: ${install}`);
}

import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { PACKAGE } from "./hosts/bundle.ts";

const run = promisify(execFile);

/** The output of `npm pack`. */
export interface Packed {
  /** The tarball's name. */
  filename: string;
  /** Bytes of the tarball, gzipped. */
  size: number;
  files: { path: string }[];
}

/** Packs the package into a project's directory and unpacks it there as npm installs it. */
export async function install(project: string): Promise<Packed> {
  const installed = join(project, "node_modules/better-auth-edge");
  await mkdir(installed, { recursive: true });
  const pack = ["pack", "--json", "--ignore-scripts", "--pack-destination", project];
  const { stdout } = await run("npm", pack, { cwd: PACKAGE });
  const packed: Packed = JSON.parse(stdout)[0];
  const tarball = join(project, packed.filename);
  await run("tar", ["-xzf", tarball, "-C", installed, "--strip-components=1"]);
  return packed;
}

/**
 * Runs the instructions of a Dockerfile in a directory of this machine, in their order, as an image
 * has no engine here.
 */
import { copyFile, mkdir, readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { shell } from "./shell.process.ts";

/** What a container of the image runs. */
export interface Image {
  /** The directory of its files. */
  directory: string;
  env: NodeJS.ProcessEnv;
  command: string[];
  healthcheck: string[];
}

/**
 * Builds an image.
 *
 * @param context the build's context
 * @param dockerfile the path of the Dockerfile in it
 * @param directory an empty directory
 * @param env the environment of the commands
 */
export async function buildImage(
  context: string,
  dockerfile: string,
  directory: string,
  env: NodeJS.ProcessEnv,
): Promise<Image> {
  const image: Image = { directory, env, command: [], healthcheck: [] };
  for (const [name, rest] of await instructions(join(context, dockerfile))) {
    switch (name) {
      case "FROM":
        image.env = await base(rest, directory, env);
        break;
      case "COPY":
        await copy(context, rest.split(" ").slice(0, -1), directory);
        break;
      case "RUN":
        await shell({ cwd: directory, env: image.env }, rest);
        break;
      case "HEALTHCHECK":
        image.healthcheck = JSON.parse(rest.replace(/^.*?CMD /, ""));
        break;
      case "CMD":
        image.command = JSON.parse(rest);
        break;
      default:
        // the account and the port are those of the test
        if (!/^(EXPOSE|USER|WORKDIR)$/.test(name)) throw new Error(`${dockerfile}: ${name}`);
    }
  }
  return image;
}

async function instructions(path: string): Promise<[name: string, rest: string][]> {
  const lines = (await readFile(path, "utf8")).split("\n").filter((line) => !/^(#|$)/.test(line));
  return lines.map((line) => {
    const [, name = line, rest = ""] = /^([A-Z]+) (.+)$/.exec(line) ?? [];
    return [name, rest];
  });
}

/** The environment of commands on an official image. pip gets an environment of its own. */
async function base(name: string, directory: string, env: NodeJS.ProcessEnv) {
  if (name.startsWith("node:")) return env;
  if (!name.startsWith("python:")) throw new Error(`the tests have no ${name}`);
  await shell({ cwd: directory, env }, "python3 -m venv .venv");
  return { ...env, PATH: `${join(directory, ".venv/bin")}:${env.PATH}` };
}

/** Copies the files that a COPY names into the image's working directory. */
async function copy(context: string, patterns: string[], directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const pattern of patterns) {
    const expression = basename(pattern).replaceAll(".", "\\.").replaceAll("*", ".*");
    const names = await readdir(join(context, dirname(pattern)));
    const found = names.filter((name) => new RegExp(`^${expression}$`).test(name));
    if (found.length === 0) throw new Error(`COPY finds no ${pattern}`);
    for (const name of found) {
      await copyFile(join(context, dirname(pattern), name), join(directory, name));
    }
  }
}

import { version } from "../version.ts";
import type { Answers } from "./answers.ts";
import type { FastApiApp } from "./detect/fastapi.ts";
import type { Project } from "./detect/index.ts";
import { inFolder } from "./detect/manifest.ts";
import { type PackageManager, packageManager } from "./detect/package-manager.ts";
import { importPath } from "./files/fastapi.ts";
import { tarball, workerFolder } from "./files/worker.ts";

/** The commands that the user runs, for the project's package managers. */
export class Commands {
  readonly #project: Project;
  readonly #answers: Answers;
  readonly #manager: PackageManager;

  constructor(project: Project, answers: Answers) {
    this.#project = project;
    this.#answers = answers;
    this.#manager = packageManager(project.folder, project.next?.folder ?? "");
  }

  /** Installs the JavaScript packages that are not in package.json yet. */
  installJavaScript(): string[] {
    const { next, manifest, folder } = this.#project;
    if (this.#answers.edge === "next" && next) {
      return at(next.folder, this.#add(next.dependencies, next.folder, false));
    }
    if (this.#answers.edge !== "worker") return [];
    const place = workerFolder(this.#project);
    // the Worker's own package.json names them
    const isOwn = manifest === undefined || folder.has(inFolder(place, "package.json"));
    if (isOwn && place !== "") return at(place, [this.#manager.install]);
    if (manifest === undefined) return [this.#manager.install];
    const missing = this.#add(manifest.dependencies, "", true);
    return missing.length > 0 || folder.has("node_modules") ? missing : [this.#manager.install];
  }

  /** Installs the Python package. */
  installPython(app: FastApiApp): string[] {
    if (app.isInstalled) return [];
    const wheel = this.#project.folder
      .names("")
      .find(({ name }) => /^better_auth_edge-.*\.whl$/.test(name))?.name;
    const source = wheel === undefined ? "better-auth-edge" : upTo(app.folder, wheel);
    const add = app.installer === "uv" ? "uv add" : "pip install";
    return at(app.folder, [`${add} ${source}`]);
  }

  /** Starts the edge on this machine. */
  startEdge(): string[] {
    const { next } = this.#project;
    if (this.#answers.edge === "next" && next) return at(next.folder, [this.#manager.script("dev")]);
    return at(workerFolder(this.#project), [this.#manager.run("wrangler dev")]);
  }

  /** Starts FastAPI on this machine. */
  startApi(app: FastApiApp): string[] {
    const port = new URL(this.#answers.api ?? "http://localhost:8000").port || "8000";
    const path = importPath(app);
    const server = app.hasCli
      ? `fastapi dev${app.module === undefined ? "" : ` ${upTo("", relative(app))}`} --port ${port}`
      : `uvicorn ${path} --reload --port ${port}`;
    return at(app.folder, [app.installer === "uv" ? `uv run ${server}` : server]);
  }

  /** Checks the edge. */
  doctor(edge: string): string {
    const path = this.#answers.api === undefined ? "" : " --path /api/1/tasks";
    return this.program(`doctor ${edge} --base-url ${this.#answers.auth}${path}`);
  }

  /** Runs this program. */
  program(args: string): string {
    return this.#manager.run(`better-auth-edge ${args}`);
  }

  /** Deploys the Worker. */
  deploy(): string[] {
    const key = this.#manager.run("wrangler secret put EDGE_SIGNING_KEY");
    const commands = [`${this.program("keygen")} | ${key}`, this.#manager.run("wrangler deploy")];
    return at(workerFolder(this.#project), commands);
  }

  #add(dependencies: Record<string, string>, place: string, isWorker: boolean): string[] {
    const packed = tarball(this.#project);
    const source = packed === undefined ? "better-auth-edge" : upTo(place, packed);
    const isWorkspace = place === "" && this.#project.folder.has("pnpm-workspace.yaml");
    const flags = isWorkspace && this.#manager.name === "pnpm" ? ["--workspace-root"] : [];
    const commands: string[] = [];
    if (dependencies["better-auth-edge"] === undefined) {
      commands.push(this.#manager.add([...flags, source]));
    }
    if (isWorker && dependencies.wrangler === undefined) {
      commands.push(this.#manager.add([...flags, "wrangler"], true));
    }
    return commands;
  }
}

/** The version range of this package. */
export function ownRange(): string {
  return `^${version()}`;
}

/** Commands that run in a subfolder, each on its own. */
function at(place: string, commands: string[]): string[] {
  if (place === "" || commands.length === 0) return commands;
  const [first = "", ...rest] = commands;
  return [`cd ${place}`, first, ...rest];
}

/** A file of the project's folder, from a subfolder. */
function upTo(place: string, file: string): string {
  const depth = place === "" ? 0 : place.split("/").length;
  return depth === 0 ? `./${file}` : "../".repeat(depth) + file;
}

function relative({ folder, module = "main.py" }: FastApiApp): string {
  return folder === "" ? module : module.slice(folder.length + 1);
}

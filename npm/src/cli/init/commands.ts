import { shellLine, shellWord } from "../quote.ts";
import { type Answers, localEdge } from "./answers.ts";
import type { FastApiApp } from "./detect/fastapi.ts";
import type { Project } from "./detect/index.ts";
import { inFolder, readManifest } from "./detect/manifest.ts";
import { type PackageManager, packageManager } from "./detect/package-manager.ts";
import { importPath } from "./files/fastapi.ts";
import { configurationPath, tarball, workerFolder, wranglerOptions } from "./files/worker.ts";
import { runner } from "./wrangler.ts";

/** Commands, and the folder of the project in which they run; empty for the project's own. */
export interface CommandLines {
  folder: string;
  lines: string[];
}

/** The commands that the user runs, for the project's package managers. */
export class Commands {
  readonly #project: Project;
  readonly #answers: Answers;
  readonly #manager: PackageManager;
  /** The folder of the package.json that names better-auth-edge. */
  readonly #home: string;
  /** The Worker's folder, from there. */
  readonly #worker: string;
  /** The packages that the package.json names. */
  readonly #dependencies: Record<string, string>;

  constructor(project: Project, answers: Answers) {
    this.#project = project;
    this.#answers = answers;
    const { next, folder, manifest } = project;
    this.#manager = packageManager(folder, next?.folder ?? "");
    const place = workerFolder(project);
    const isOwn = manifest === undefined || folder.has(inFolder(place, "package.json"));
    const ofWorker = isOwn ? place : "";
    this.#home = answers.edge === "next" && next ? next.folder : ofWorker;
    this.#worker = place === this.#home ? "" : place;
    this.#dependencies = readManifest(folder, this.#home)?.dependencies ?? {};
  }

  /** Installs the JavaScript packages, unless package.json names them and they are installed. */
  installJavaScript(): CommandLines {
    const { folder } = this.#project;
    const { edge } = this.#answers;
    if (edge === "none") return { folder: this.#home, lines: [] };
    const packed = tarball(this.#project);
    const source = packed === undefined ? "better-auth-edge" : upTo(this.#home, packed);
    const lines = this.#add("better-auth-edge", false, source);
    const tool = this.#runner === "wrangler" ? "wrangler" : "workerd";
    if (edge === "worker") lines.push(...this.#add(tool, true));
    const isInstalled = folder.has(inFolder(this.#home, "node_modules/better-auth-edge"));
    if (lines.length === 0 && !isInstalled) lines.push(this.#manager.install);
    return { folder: this.#home, lines };
  }

  /** Installs the Python package, and a server if the app has none. */
  installPython(app: FastApiApp): CommandLines {
    const wheel = this.#project.folder
      .names("")
      .find(({ name }) => /^better_auth_edge-.*\.whl$/.test(name))?.name;
    const source = wheel === undefined ? "better-auth-edge" : upTo(app.folder, wheel);
    const add = app.installer === "uv" ? "uv add" : "pip install";
    const packages = [...(app.isInstalled ? [] : [source]), ...(app.hasServer ? [] : ["uvicorn"])];
    const lines = packages.length === 0 ? [] : [`${add} ${shellLine(packages)}`];
    return { folder: app.folder, lines };
  }

  /** Starts the edge on this machine. */
  startEdge(): CommandLines {
    return { folder: this.#home, lines: [this.#startEdge()] };
  }

  /** Starts FastAPI on this machine. */
  startApi(app: FastApiApp): CommandLines {
    const port = new URL(this.#answers.api ?? "http://localhost:8000").port || "8000";
    const { folder, module = inFolder(folder, "main.py") } = app;
    const inner = (path: string) => (folder === "" ? path : path.slice(folder.length + 1));
    const root = inner(app.importRoot);
    const place = root === "" ? [] : ["--app-dir", root];
    // `fastapi dev` knows a package by its __init__.py only
    const server =
      app.hasCli && /^\.?$/.test(app.importPrefix)
        ? ["fastapi", "dev", inner(module), "--port", port]
        : ["uvicorn", importPath(app), ...place, "--reload", "--port", port];
    return {
      folder,
      lines: [shellLine(app.installer === "uv" ? ["uv", "run", ...server] : server)],
    };
  }

  /** Adds a signing key to an environment file of the project. */
  addKey(path: string): CommandLines {
    const file = this.#home === "" ? path : path.slice(this.#home.length + 1);
    const key = this.#manager.run(["better-auth-edge", "keygen"]);
    return {
      folder: this.#home,
      lines: [`echo "EDGE_SIGNING_KEY='$(${key})'" >> ${shellWord(file)}`],
    };
  }

  /** Checks the edge. */
  doctor(edge: string): CommandLines {
    const path = this.#answers.api === undefined ? [] : ["--path", "/api/1/tasks"];
    return this.program(["doctor", edge, "--base-url", this.#answers.auth, ...path]);
  }

  /** Runs this program. */
  program(args: string[]): CommandLines {
    return { folder: this.#home, lines: [this.#manager.run(["better-auth-edge", ...args])] };
  }

  /** Deploys the Worker. Installs wrangler first if it does not run the Worker on this machine. */
  deploy(): CommandLines {
    const [keygen] = this.program(["keygen"]).lines;
    const put = this.#run("wrangler", "secret", "put", "EDGE_SIGNING_KEY");
    const install = this.#runner === "wrangler" ? [] : this.#add("wrangler", true);
    const lines = [...install, `${keygen} | ${put}`, this.#run("wrangler", "deploy")];
    return { folder: this.#home, lines };
  }

  #startEdge(): string {
    const { edge } = this.#answers;
    if (edge === "next") {
      const { origin } = new URL(localEdge(this.#answers, this.#project));
      const { port = "80" } = /:(?<port>\d+)$/.exec(origin)?.groups ?? {};
      return this.#manager.script("dev", port === "3000" ? [] : ["--port", port]);
    }
    return this.#run(this.#runner, "dev", ...wranglerOptions(this.#answers, this.#project));
  }

  get #runner() {
    return runner(localEdge(this.#answers, this.#project));
  }

  /** Runs a program that reads the Worker's configuration. */
  #run(...words: string[]): string {
    const config = this.#worker === "" ? [] : ["--config", configurationPath(this.#project)];
    return this.#manager.run([...words, ...config]);
  }

  /** Adds a package, unless package.json names it. `source` is where it comes from. */
  #add(name: string, isForDevelopment: boolean, source = name): string[] {
    if (this.#dependencies[name] !== undefined) return [];
    const isWorkspace = this.#home === "" && this.#project.folder.has("pnpm-workspace.yaml");
    const flags = isWorkspace && this.#manager.name === "pnpm" ? ["--workspace-root"] : [];
    return [this.#manager.add([...flags, source], isForDevelopment)];
  }
}

/** A file of the project's folder, from a subfolder. */
function upTo(place: string, file: string): string {
  const depth = place === "" ? 0 : place.split("/").length;
  return depth === 0 ? `./${file}` : "../".repeat(depth) + file;
}

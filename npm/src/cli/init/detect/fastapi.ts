import { UsageError } from "../../arguments.ts";
import type { Folder } from "../folder.ts";
import { folderOf, inFolder } from "./manifest.ts";

/** A FastAPI application. */
export interface FastApiApp {
  /** The folder of pyproject.toml or of the requirements; empty for the project's own. */
  folder: string;
  /** The file that names the dependency on FastAPI. */
  because: string;
  /** The file that makes the app, `main.py` for example; `undefined` if none does. */
  module: string | undefined;
  /** The name of the app in that file. */
  variable: string;
  /** The folder in which Python looks for the app's modules. */
  importRoot: string;
  /** How that file imports a module beside it: `app.` absolutely, `.` relatively, or empty. */
  importPrefix: string;
  /** What installs packages: uv, or pip. */
  installer: "uv" | "pip";
  /** Why the project uses it. */
  installerBecause: string;
  /** Whether the project depends on better-auth-edge already. */
  isInstalled: boolean;
  /** Whether the command `fastapi dev` exists. */
  hasCli: boolean;
  /** Whether uvicorn is among the dependencies. */
  hasServer: boolean;
}

/**
 * Finds the FastAPI application by the dependencies in pyproject.toml or a file of requirements.
 *
 * @param chosen the folder of the application, if the user names one
 * @throws {UsageError} if there are several, or none in the folder that the user names
 */
export function findFastApi(folder: Folder, chosen: string | undefined): FastApiApp | undefined {
  const manifests = folder.files().filter((path) => {
    const format = FORMATS.find(({ file }) => file.test(path));
    return format?.dependency("fastapi").test(folder.text(path) ?? "");
  });
  const folders = [...new Set(manifests.map(folderOf))];
  if (chosen !== undefined && !folders.includes(chosen)) {
    throw new UsageError("--fastapi-dir names a folder without a dependency on fastapi");
  }
  const [first, second] = chosen === undefined ? folders : [chosen];
  if (first === undefined) return undefined;
  if (first !== "" && second !== undefined) {
    throw new UsageError(
      `the project has several FastAPI applications (${folders.join(", ")}): name one with --fastapi-dir`,
    );
  }
  return describe(
    folder,
    first,
    manifests.filter((path) => folderOf(path) === first),
  );
}

const FORMATS = [
  {
    file: /(^|\/)pyproject\.toml$/,
    dependency: (name: string) => new RegExp(`["']${name}(?![\\w-])|^\\s*${name}\\s*=`, "m"),
  },
  {
    file: /(^|\/)requirements[\w.-]*\.(txt|in)$/,
    dependency: (name: string) => new RegExp(`^\\s*${name}(?![\\w-])`, "m"),
  },
];

function describe(folder: Folder, app: string, manifests: string[]): FastApiApp {
  const texts = manifests.map((path) => folder.text(path) ?? "");
  const [because = ""] = manifests;
  const module = findModule(folder, app);
  const source = module && (folder.text(module) ?? "");
  const lock = inFolder(app, "uv.lock");
  const isUv =
    folder.has(lock) || folder.has("uv.lock") || /^\[tool\.uv[\].]/m.test(texts.join("\n"));
  return {
    folder: app,
    because,
    module,
    variable: (source && CALL.exec(source)?.[1]) || "app",
    ...imports(folder, module ?? inFolder(app, "main.py"), source ?? ""),
    installer: isUv ? "uv" : "pip",
    installerBecause: isUv
      ? folder.has(lock)
        ? lock
        : "uv.lock or [tool.uv]"
      : "no uv.lock was found",
    isInstalled: /["'\s]better-auth-edge(?![\w-])|^better-auth-edge(?![\w-])/m.test(
      texts.join("\n"),
    ),
    hasCli: HAS_CLI.test(texts.join("\n")),
    hasServer: /uvicorn/.test(texts.join("\n")) || HAS_CLI.test(texts.join("\n")),
  };
}

/** How Python imports the modules beside the app's: by the packages above it, and as it does. */
function imports(
  folder: Folder,
  module: string,
  source: string,
): Pick<FastApiApp, "importRoot" | "importPrefix"> {
  const place = folderOf(module);
  const parent = folderOf(place);
  const name = place.slice(parent === "" ? 0 : parent.length + 1);
  const isPackage = folder.has(inFolder(place, "__init__.py"));
  if (place !== "" && (isPackage || /^\s*from\s+\./m.test(source))) {
    let importRoot = parent;
    while (importRoot !== "" && folder.has(inFolder(importRoot, "__init__.py"))) {
      importRoot = folderOf(importRoot);
    }
    return { importRoot, importPrefix: "." };
  }
  // a folder that the app imports from as a package, without a file that says so
  const isNamespace =
    /^\w+$/.test(name) && new RegExp(`^\\s*(from|import)\\s+${name}\\.`, "m").test(source);
  return isNamespace
    ? { importRoot: parent, importPrefix: `${name}.` }
    : { importRoot: place, importPrefix: "" };
}

const HAS_CLI = /fastapi\[[^\]]*(standard|all)|fastapi-cli/;
const CALL = /^(?:(\w+)(?::[^=\n]+)?\s*=\s*)?(?:fastapi\.)?FastAPI\(/m;

/** The file that calls `FastAPI()`: `main.py` before others, those near the root before others. */
function findModule(folder: Folder, app: string): string | undefined {
  const modules = folder.files().filter((path) => {
    const isInside = app === "" || path.startsWith(`${app}/`);
    const isTest = /(^|\/)(tests?|conftest\.py|test_[^/]*|examples?|scripts)(\/|$)/.test(path);
    return isInside && path.endsWith(".py") && !isTest && CALL.test(folder.text(path) ?? "");
  });
  return modules.find((path) => /(^|\/)(main|app|index|server)\.py$/.test(path)) ?? modules[0];
}

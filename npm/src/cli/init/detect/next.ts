import { UsageError } from "../../arguments.ts";
import type { Folder } from "../folder.ts";
import { folderOf, inFolder, readManifest } from "./manifest.ts";

/** A Next.js application. */
export interface NextApp {
  /** Its folder in the project; empty for the project's own. */
  folder: string;
  /** Its major version, and where that is from. */
  version: { major: number; because: string };
  /** Where its middleware is, or belongs: `src/`, or the application's folder. */
  source: string;
  isTypeScript: boolean;
  /** Whether OpenNext deploys it to Cloudflare, where `proxy.ts` does not run. */
  isOnCloudflare: boolean;
  /** Paths of existing middleware files. */
  middleware: string[];
  /** Paths of pages, without route groups: `/`, `/sign-in`. */
  pages: string[];
  /** First segments of route handlers below `/api`, without dynamic ones. */
  apiRoutes: string[];
  /** Paths that serve the content of `public/`. */
  publicPaths: string[];
  dependencies: Record<string, string>;
}

/**
 * Finds the Next.js application by the dependencies in package.json.
 *
 * @param chosen the folder of the application, if the user names one
 * @throws {UsageError} if there are several, or none in the folder that the user names
 */
export function findNext(folder: Folder, chosen: string | undefined): NextApp | undefined {
  const folders = folder
    .files()
    .filter((path) => /(^|\/)package\.json$/.test(path))
    .map(folderOf)
    .filter((path) => readManifest(folder, path)?.dependencies.next !== undefined);
  if (chosen !== undefined) {
    if (folders.includes(chosen)) return describe(folder, chosen);
    throw new UsageError("--next-dir names a folder whose package.json has no dependency on next");
  }
  const [first, second] = folders;
  if (first === undefined) return undefined;
  if (first !== "" && second !== undefined) {
    throw new UsageError(
      `the project has several Next.js applications (${folders.join(", ")}): name one with --next-dir`,
    );
  }
  return describe(folder, first);
}

function describe(folder: Folder, app: string): NextApp {
  const { dependencies = {} } = readManifest(folder, app) ?? {};
  const files = folder
    .files()
    .filter((path) => app === "" || path.startsWith(`${app}/`))
    .map((path) => (app === "" ? path : path.slice(app.length + 1)));
  // Next reads src/app only if there is no app
  const usesSource = !files.some(isRoute) && files.some((path) => /^src\/(app|pages)\//.test(path));
  const routes = files.map((path) => (usesSource ? path.replace(/^src\//, "") : path));
  return {
    folder: app,
    version: readVersion(folder, app, dependencies.next ?? ""),
    source: inFolder(app, usesSource ? "src" : "").replace(/\/$/, ""),
    isTypeScript: files.includes("tsconfig.json") || dependencies.typescript !== undefined,
    isOnCloudflare: dependencies["@opennextjs/cloudflare"] !== undefined,
    middleware: files
      .filter((path) => /^(src\/)?(proxy|middleware)\.(m?[jt]s|[jt]sx)$/.test(path))
      .map((path) => inFolder(app, path)),
    pages: unique(routes.flatMap(pageOf)),
    apiRoutes: unique(routes.flatMap(apiRouteOf)),
    publicPaths: publicPaths(folder, app),
    dependencies,
  };
}

const isRoute = (path: string) => /^(app|pages)\//.test(path);

function readVersion(folder: Folder, app: string, range: string): NextApp["version"] {
  for (const place of unique([app, ""])) {
    const path = inFolder(place, "node_modules/next/package.json");
    const installed = /"version":\s*"(\d+)\.[^"]*"/.exec(folder.text(path) ?? "");
    if (installed) return { major: Number(installed[1]), because: path };
  }
  const manifest = inFolder(app, "package.json");
  const major = /^[~^>=v\s]*(\d+)/.exec(range)?.[1];
  if (major !== undefined) return { major: Number(major), because: `"${range}" in ${manifest}` };
  return { major: 16, because: `assumed, because "${range}" in ${manifest} names no version` };
}

/** The page that a file of `app/` or `pages/` makes. */
function pageOf(path: string): string[] {
  const page =
    /^app\/(?:(.*)\/)?page\.\w+$/.exec(path) ?? /^pages\/(?!api\/|_)(.*)\.\w+$/.exec(path);
  if (!page) return [];
  const segments = (page[1] ?? "")
    .split("/")
    .filter((segment) => !/^(\(.*\)|index|)$/.test(segment));
  return [`/${segments.join("/")}`];
}

function apiRouteOf(path: string): string[] {
  const isHandler = /^app\/.*\/route\.\w+$/.test(path);
  const rest = isHandler
    ? /^app\/(?:\([^/]*\)\/)*api\/(.*)\/route\.\w+$/.exec(path)?.[1]
    : /^pages\/api\/(.*)\.\w+$/.exec(path)?.[1];
  const segment = rest?.split("/").find((part) => !/^\(.*\)$/.test(part));
  return segment !== undefined && /^[\w.~-]+$/.test(segment) ? [segment] : [];
}

function publicPaths(folder: Folder, app: string): string[] {
  return folder
    .names(inFolder(app, "public"))
    .filter(({ name }) => /^[\w~-][\w.~-]*$/.test(name) && name !== "api")
    .slice(0, 50)
    .map(({ name, isFolder }) => (isFolder ? `/${name}/*` : `/${name}`));
}

function unique<T>(values: T[]): T[] {
  return [...new Set(values)];
}

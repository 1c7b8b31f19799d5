import { basename } from "node:path";
import type { Folder } from "../folder.ts";
import { type BetterAuth, findBetterAuth } from "./better-auth.ts";
import { type FastApiApp, findFastApi } from "./fastapi.ts";
import { type Manifest, readManifest } from "./manifest.ts";
import { findNext, type NextApp } from "./next.ts";

/** What `init` has found out about the project. */
export interface Project {
  folder: Folder;
  /** The name of the project's folder, as a Worker's name may contain it. */
  name: string;
  next: NextApp | undefined;
  fastApi: FastApiApp | undefined;
  betterAuth: BetterAuth | undefined;
  /** The project's own package.json. */
  manifest: Manifest | undefined;
  /** Whether the project is nothing but a Worker, or empty. */
  isWorkerOnly: boolean;
}

/**
 * Looks at the project.
 *
 * @throws {UsageError} if it has several applications of a kind, and the user has named none
 */
export function detect(folder: Folder, chosen: { next?: string; fastApi?: string }): Project {
  const next = findNext(folder, chosen.next);
  const fastApi = findFastApi(folder, chosen.fastApi);
  const manifest = readManifest(folder, "");
  const others = Object.keys(manifest?.dependencies ?? {}).filter((name) => !OF_WORKERS.test(name));
  return {
    folder,
    name: workerName(folder),
    next,
    fastApi,
    betterAuth: findBetterAuth(folder),
    manifest,
    isWorkerOnly: !next && !fastApi && others.length === 0 && folder.files().every(isOfWorker),
  };
}

/** Packages that a project has which is only a Worker. */
const OF_WORKERS =
  /^(better-auth-edge|wrangler|workerd|miniflare|typescript|prettier|@biomejs\/biome|@types\/.*|@cloudflare\/.*)$/;

/** Whether a project that is only a Worker may have this file. */
function isOfWorker(path: string): boolean {
  return /^(\.[^/]*|[A-Z]+(\.md|\.txt)?|wrangler\.\w+|package(-lock)?\.json|npm-shrinkwrap\.json|pnpm-[\w-]+\.yaml|yarn\.lock|bun\.lockb?|bunfig\.toml|tsconfig\.json|biome\.jsonc?|worker-configuration\.d\.ts|better-auth-edge-.*\.tgz|src\/index\.[jt]s)$/.test(
    path,
  );
}

function workerName(folder: Folder): string {
  const name = basename(folder.root)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 50);
  return name || "better-auth";
}

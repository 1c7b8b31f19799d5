/** The built Worker in workerd, with a test's settings. */
import { copyFile, mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { serve, type Worker } from "./workerd.process.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Starts the Worker on a free port. Settings that are not strings become JSON bindings.
 *
 * @param hasStore whether the Worker has a store of ended sessions, in a Durable Object
 */
export async function startWorker(
  settings: Record<string, unknown>,
  hasStore = false,
): Promise<Worker & AsyncDisposable> {
  const directory = await mkdtemp(join(tmpdir(), "better-auth-edge-worker-"));
  for (const name of ["index.js", "index_bg.wasm"]) {
    await copyFile(join(ROOT, "build", name), join(directory, name));
  }
  const objects = join(directory, "objects");
  await mkdir(objects);
  const disk = `(name = "objects", disk = (path = ${JSON.stringify(objects)}, writable = true)),`;
  const worker = await serve(directory, definition(settings, hasStore), disk);
  return { ...worker, [Symbol.asyncDispose]: worker.stop };
}

function definition(settings: Record<string, unknown>, hasStore: boolean): string {
  const bindings = Object.entries(settings).map(([name, value]) =>
    typeof value === "string"
      ? `(name = "${name}", text = ${JSON.stringify(value)})`
      : `(name = "${name}", json = ${JSON.stringify(JSON.stringify(value))})`,
  );
  if (hasStore) bindings.push('(name = "REVOCATIONS", durableObjectNamespace = "Revocations")');
  return `
  modules = [
    (name = "index.js", esModule = embed "index.js"),
    (name = "index_bg.wasm", wasm = embed "index_bg.wasm"),
  ],
  compatibilityDate = "2026-11-01",
  bindings = [${bindings.join(", ")}],
  globalOutbound = "internet",
${hasStore ? STORE : ""}`;
}

const STORE = `
  durableObjectNamespaces = [
    (className = "Revocations", uniqueKey = "revocations", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "objects"),
`;

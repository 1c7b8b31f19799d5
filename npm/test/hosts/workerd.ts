import { copyFile, mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Case } from "../cases.ts";
import { serve, type Worker } from "../workerd.process.ts";
import { bundle, WASM } from "./bundle.ts";
import type { Outcome } from "./judge.ts";

/** Runs the cases in the runtime of Cloudflare Workers, bundled with its condition. */
export async function onWorkerd(cases: Case[], keys: string): Promise<Outcome[][]> {
  const worker = await startWorker("worker.ts");
  try {
    const response = await fetch(worker.url, {
      method: "POST",
      body: JSON.stringify({ cases, keys }),
    });
    return (await response.json()) as Outcome[][];
  } finally {
    await worker.stop();
  }
}

/** Starts a program of this directory as a Worker on a free loopback port. */
export async function startWorker(source: string): Promise<Worker> {
  const directory = await mkdtemp(join(tmpdir(), "better-auth-edge-"));
  // the folders of `dist/`: the bundle imports the wasm from one level up
  await mkdir(join(directory, "worker"));
  await writeFile(join(directory, "worker/index.js"), await bundle(source, ["workerd"]));
  await copyFile(WASM, join(directory, "better_auth_edge.wasm"));
  return serve(directory, WORKER);
}

const WORKER = `
  modules = [
    (name = "worker/index.js", esModule = embed "worker/index.js"),
    (name = "better_auth_edge.wasm", wasm = embed "better_auth_edge.wasm"),
  ],
  compatibilityDate = "2026-01-01",
`;

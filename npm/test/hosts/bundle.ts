import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";

/** The package's directory. */
export const PACKAGE = fileURLToPath(new URL("../..", import.meta.url));

/** The built wasm file. */
export const WASM = join(PACKAGE, "dist/better_auth_edge.wasm");

/** Bundles a program of this directory with the package, resolved by these export conditions. */
export async function bundle(
  source: string,
  conditions: string[],
  options: { format?: "esm" | "iife"; plugins?: Plugin[]; external?: string[] } = {},
): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(source, import.meta.url))],
    bundle: true,
    write: false,
    platform: "neutral",
    format: "esm",
    target: "es2022",
    conditions,
    external: ["*.wasm"],
    logLevel: "warning",
    // the tests' own tsconfig resolves the package to its sources
    tsconfigRaw: {},
    ...options,
  });
  return outputFiles[0]?.text ?? "";
}

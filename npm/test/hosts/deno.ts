import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Case } from "../cases.ts";
import { bundle, PACKAGE } from "./bundle.ts";
import type { Outcome } from "./judge.ts";

/** Runs the cases in Deno, which resolves the package itself. */
export async function onDeno(cases: Case[], keys: string): Promise<Outcome[][]> {
  const project = await mkdtemp(join(tmpdir(), "better-auth-edge-"));
  try {
    await mkdir(join(project, "node_modules"));
    await symlink(PACKAGE, join(project, "node_modules/better-auth-edge"));
    await writeFile(join(project, "package.json"), '{"type":"module"}');
    const program = await bundle("program.ts", [], { external: ["better-auth-edge", "node:*"] });
    await writeFile(join(project, "program.js"), program);
    const permissions = ["--allow-read", "--allow-net=127.0.0.1"];
    const options = ["--quiet", "--no-prompt", "--node-modules-dir=manual", ...permissions];
    const deno = spawn(process.env.DENO ?? "deno", ["run", ...options, "program.js"], {
      cwd: project,
      env: { ...process.env, DENO_DIR: join(project, "deno"), DENO_NO_UPDATE_CHECK: "1" },
      stdio: ["pipe", "pipe", "inherit"],
    });
    deno.stdin.end(JSON.stringify({ cases, keys }));
    return JSON.parse(await text(deno.stdout));
  } finally {
    await rm(project, { recursive: true, force: true });
  }
}

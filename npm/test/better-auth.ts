/** The Better Auth of the example `fullstack/auth`: its modules, and its server as a process. */
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningServer, startServer } from "../../examples/fullstack/auth/test/server.ts";

const { resolve } = createRequire(
  new URL("../../examples/fullstack/auth/package.json", import.meta.url),
);

/** Imports a module as the example resolves it, such as `better-auth/plugins`. */
// biome-ignore lint/suspicious/noExplicitAny: the tests do not depend on Better Auth's types
export function importBetterAuth(name: string): Promise<any> {
  return import(resolve(name));
}

/** A secret for Better Auth. */
export const SECRET = "a secret for tests, long enough to pass";

/** Starts the example's server with a new database, which `stop` removes. */
export async function startAuthServer(env: Record<string, string> = {}): Promise<RunningServer> {
  const directory = mkdtempSync(join(tmpdir(), "better-auth-edge-auth-"));
  const server = await startServer({
    BETTER_AUTH_SECRET: SECRET,
    DATABASE_URL: `file:${join(directory, "auth.db")}`,
    ...env,
  });
  return {
    url: server.url,
    stop: async (how) => {
      const outcome = await server.stop(how);
      rmSync(directory, { recursive: true });
      return outcome;
    },
  };
}

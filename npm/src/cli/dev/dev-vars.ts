/** Reads `.dev.vars`, the variables and secrets for this machine. */
import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { ConfigError } from "../worker-config.ts";

/**
 * The variables of a file; none if it does not exist.
 *
 * @throws {ConfigError} if the file cannot be read
 */
export function readDevVars(file: string): Record<string, string> {
  try {
    // wrangler reads the file with the same rules, those of dotenv
    return parseEnv(readFileSync(file, "utf8")) as Record<string, string>;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return {};
    throw new ConfigError(`cannot read ${file} (${code})`);
  }
}

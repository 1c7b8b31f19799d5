/**
 * The database: a SQLite file, opened by libSQL's prebuilt library, or PostgreSQL. It may be the
 * API's database too, whose migrations then create the tables.
 */
import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { createClient } from "@libsql/client";
import { LibsqlDialect } from "@libsql/kysely-libsql";
import type { BetterAuthOptions } from "better-auth";
import { Pool } from "pg";

/** An open database. */
export interface Database {
  /** Better Auth's option `database`. */
  adapter: BetterAuthOptions["database"];
  close(): void | Promise<void>;
}

// by default libSQL fails at once while another process, such as the key rotation, writes to the
// file
const BUSY_TIMEOUT_MS = 5000;

/** Opens the database at a `file:` or `postgresql:` URL. Creates the file and its directory. */
export function openDatabase(url: string): Database {
  if (isPostgres(url)) {
    const pool = new Pool({ connectionString: url });
    // the pool replaces a connection that breaks while it is idle
    pool.on("error", (error) => console.error(`PostgreSQL: ${error.message}`));
    return { adapter: pool, close: () => pool.end() };
  }
  mkdirSync(dirname(filePath(url)), { recursive: true });
  const client = createClient({ url, timeout: BUSY_TIMEOUT_MS });
  return {
    adapter: { dialect: new LibsqlDialect({ client }), type: "sqlite" },
    close: () => client.close(),
  };
}

/** Whether the file at the URL exists. A database on a server counts as existing. */
export function databaseExists(url: string): boolean {
  return isPostgres(url) || existsSync(filePath(url));
}

/** Whether the URL is that of a PostgreSQL database. */
export function isPostgres(url: string): boolean {
  return /^postgres(ql)?:\/\/./.test(url);
}

/**
 * Parses `file:/a`, `file:///a` and, relative to the working directory, `file:a` and `file:./a`.
 */
function filePath(url: string): string {
  if (url.startsWith("file:/")) return fileURLToPath(url);
  return decodeURIComponent(url.slice("file:".length));
}

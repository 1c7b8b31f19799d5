/**
 * The database: one SQLite file, opened by libSQL's prebuilt library, or PostgreSQL. It may be the
 * API's too, whose migrations then make the tables.
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
  /** What Better Auth takes. */
  adapter: BetterAuthOptions["database"];
  close(): void | Promise<void>;
}

// libSQL gives up at once when another process writes to the file; the key rotation is one.
const BUSY_TIMEOUT_MS = 5000;

/** Opens the database at a `file:` or `postgresql:` URL. A file is created, its directory included. */
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

/** Whether there is a database at that URL, as far as it can be told without asking a server. */
export function databaseExists(url: string): boolean {
  return isPostgres(url) || existsSync(filePath(url));
}

/** Whether that is the URL of a database on PostgreSQL. */
export function isPostgres(url: string): boolean {
  return /^postgres(ql)?:\/\/./.test(url);
}

/** `file:/a`, `file:///a` and, relative to the working directory, `file:a` and `file:./a`. */
function filePath(url: string): string {
  if (url.startsWith("file:/")) return fileURLToPath(url);
  return decodeURIComponent(url.slice("file:".length));
}

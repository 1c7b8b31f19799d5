/** The embedded database: one SQLite file, opened by libSQL's prebuilt library. */
import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { type Client, createClient } from "@libsql/client";

// libSQL gives up at once when another process writes to the file; the key rotation is one.
const BUSY_TIMEOUT_MS = 5000;

/** Opens the database at a `file:` URL and creates it, its directory included, if need be. */
export function openDatabase(url: string): Client {
  mkdirSync(dirname(filePath(url)), { recursive: true });
  return createClient({ url, timeout: BUSY_TIMEOUT_MS });
}

/** Whether there is a database at a `file:` URL. */
export function databaseExists(url: string): boolean {
  return existsSync(filePath(url));
}

/** `file:/a`, `file:///a` and, relative to the working directory, `file:a` and `file:./a`. */
function filePath(url: string): string {
  if (url.startsWith("file:/")) return fileURLToPath(url);
  return decodeURIComponent(url.slice("file:".length));
}

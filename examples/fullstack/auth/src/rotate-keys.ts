/**
 * Retires the signing keys in use. The server needs no restart: each time it signs, it looks for a
 * live key and creates one if it finds none.
 */
import { createAuth } from "./auth.ts";
import { databaseExists, openDatabase } from "./database.ts";
import { readSettings } from "./settings.ts";
import { retireKeys } from "./signing-keys.ts";

try {
  const count = await rotate();
  console.log(
    `Retired ${count} signing ${count === 1 ? "key" : "keys"}; the next token gets a new one`,
  );
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/** Retires the keys of the database. Returns their number. */
async function rotate(): Promise<number> {
  const { secret, trustedOrigins, databaseURL, ...settings } = readSettings(process.env);
  if (!databaseExists(databaseURL)) throw new Error(`the database ${databaseURL} does not exist`);

  const database = openDatabase(databaseURL);
  try {
    // the program signs nothing, so any base URL works
    const baseURL = settings.baseURL ?? "http://127.0.0.1";
    const dependencies = { baseURL, secret, trustedOrigins, trustedProxies: [], database };
    // and it ends no session
    const auth = await createAuth({ ...dependencies, edgeURL: [] });
    const { adapter } = await auth.$context;
    return await retireKeys(adapter);
  } finally {
    await database.close();
  }
}

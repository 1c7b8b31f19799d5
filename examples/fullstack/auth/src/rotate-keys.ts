/**
 * Retires the signing keys in use. The server needs no restart: each time it signs, it looks for a
 * live key and creates one if it finds none. It publishes retired keys until their grace period
 * ends, so that issued tokens stay valid.
 */
import { createAuth } from "./auth.ts";
import { databaseExists, openDatabase } from "./database.ts";
import { readSettings } from "./settings.ts";

try {
  const count = await retireKeys();
  console.log(
    `Retired ${count} signing ${count === 1 ? "key" : "keys"}; the next token gets a new one`,
  );
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/** Sets the expiry of every live key to now. Returns their number. */
async function retireKeys(): Promise<number> {
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

    const now = new Date();
    return await adapter.updateMany({
      model: "jwks",
      // only live keys: a new expiry would lengthen a retired key's grace period
      where: [
        { field: "expiresAt", value: null, connector: "OR" },
        { field: "expiresAt", operator: "gt", value: now, connector: "OR" },
      ],
      update: { expiresAt: now },
    });
  } finally {
    await database.close();
  }
}

/**
 * Retires the signing keys in use. The server notices by itself, without a restart: it looks for a
 * live key each time it signs, and mints one when there is none. Until the grace period is over it
 * publishes the retired ones too, so that tokens already out stay valid.
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

/** Lets every live key expire now and returns how many there were. */
async function retireKeys(): Promise<number> {
  const { secret, trustedOrigins, databaseURL, ...settings } = readSettings(process.env);
  if (!databaseExists(databaseURL)) throw new Error(`There is no database at ${databaseURL}`);

  const database = openDatabase(databaseURL);
  try {
    // Nothing is signed here, so the base URL does not matter.
    const baseURL = settings.baseURL ?? "http://127.0.0.1";
    const dependencies = { baseURL, secret, trustedOrigins, trustedProxies: [], database };
    const auth = await createAuth(dependencies);
    const { adapter } = await auth.$context;

    const now = new Date();
    return await adapter.updateMany({
      model: "jwks",
      // Only live keys: a later expiry would lengthen the grace period of one already retired.
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

/** The keys that sign tokens, in the database. */
import type { DBAdapter } from "better-auth";

/**
 * Retires the signing keys in use: sets the expiry of every live key to now. Better Auth creates a
 * key when it signs the next token, and publishes retired keys until their grace period ends, so
 * that issued tokens stay valid.
 *
 * @returns the number of retired keys
 */
export async function retireKeys(adapter: Pick<DBAdapter, "updateMany">): Promise<number> {
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
}

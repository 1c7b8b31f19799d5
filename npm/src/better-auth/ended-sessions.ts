import {
  type AuthContext,
  type JwtOptions,
  type Row,
  type SecondaryStorage,
  subjectOf,
} from "./better-auth.ts";
import type { EdgeEvent } from "./event-token.ts";

/** Tells the edges. */
type Send = (event: EdgeEvent) => void;

/** What Better Auth calls when a row of its database has changed. */
export function databaseHooks(jwt: JwtOptions, send: Send) {
  const endUser = async (user: Row) => {
    const now = Date.now() / 1000;
    const sub = await subjectOf(jwt, { user: user as Row & { id: string }, session: { id: "" } });
    send({ type: "user", sub, not_before: now });
  };
  return {
    session: {
      delete: {
        after: (session: Row) => endSession(jwt, session, send),
      },
    },
    user: {
      update: {
        after: async (user: Row) => {
          if (user.banned === true) await endUser(user);
        },
      },
      delete: { after: endUser },
    },
  };
}

/** Sends the end of a session. Sessions of other users could have the same id at other issuers. */
export async function endSession(jwt: JwtOptions, session: Row, send: Send): Promise<void> {
  const { id, userId } = session;
  if (typeof id !== "string" || typeof userId !== "string") return;
  const sub = await subjectOf(jwt, { user: { id: userId }, session: { ...session, id } });
  send({ type: "session", sid: id, sub });
}

/**
 * Watches a secondary storage that keeps sessions in place of the database: no hook tells when
 * Better Auth deletes one there.
 */
export function watchStorage(context: AuthContext, jwt: JwtOptions, send: Send): void {
  const storage = context.options.secondaryStorage;
  if (!storage) return;
  const remove = async (key: string) => {
    const session = await storedSession(storage, key);
    const result = await storage.delete(key);
    if (session) await endSession(jwt, session, send);
    return result;
  };
  context.options.secondaryStorage = new Proxy(storage, {
    get(target, name) {
      if (name === "delete") return remove;
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** The session under a key, if there is one: other values have no session and no user. */
async function storedSession(storage: SecondaryStorage, key: string): Promise<Row | undefined> {
  try {
    const value = await storage.get(key);
    const { session, user } = typeof value === "string" ? JSON.parse(value) : (value as Row);
    return session && user ? session : undefined;
  } catch {
    return undefined;
  }
}

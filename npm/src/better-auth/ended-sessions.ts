import {
  type AuthContext,
  type EndpointContext,
  now,
  type Row,
  type SecondaryStorage,
  seconds,
  type User,
} from "./better-auth.ts";
import type { Occurrence } from "./event.ts";
import type { JwtPlugin } from "./jwt-plugin.ts";
import { sidOf } from "./session-id.ts";

/** Endpoints that delete sessions only if they delete all of a user. */
const ENDS_ALL = new Set([
  "/admin/ban-user",
  "/admin/remove-user",
  "/admin/revoke-user-sessions",
  "/admin/set-user-password",
  "/admin/update-user",
  "/change-password",
  "/delete-user",
  "/delete-user/callback",
  "/email-otp/reset-password",
  "/phone-number/reset-password",
  "/reset-password",
  "/revoke-sessions",
]);

/** Watches what ends sessions, and tells the edges. */
export class EndedSessions {
  readonly #context: AuthContext;
  readonly #jwt: JwtPlugin;
  readonly #send: (occurrence: Occurrence) => void;
  /** What is known of a row before Better Auth deletes it. */
  readonly #deletions = new WeakMap<Row, { subs: string[]; notBefore: number }>();

  constructor(context: AuthContext, jwt: JwtPlugin, send: (occurrence: Occurrence) => void) {
    this.#context = context;
    this.#jwt = jwt;
    this.#send = send;
  }

  /** What Better Auth calls when rows of its database change. */
  hooks() {
    const ended = this.#safely((user: User) => this.user(user, afterTokensOfNow()));
    return {
      session: {
        delete: {
          before: this.#safely(async (session: Row) => {
            const notBefore = wholeSecond();
            this.#deletions.set(session, { subs: await this.#subjectsOf(session), notBefore });
          }),
          after: this.#safely(async (session: Row, endpoint?: EndpointContext | null) => {
            const { subs, notBefore } = this.#deletions.get(session) ?? {};
            if (subs === undefined || notBefore === undefined) return;
            await this.#end(session, subs);
            if (ENDS_ALL.has(endpoint?.path ?? "")) this.#endAll(subs, notBefore);
          }),
        },
      },
      user: {
        update: {
          after: this.#safely(async (user: User | null) => {
            if (user?.banned === true) await this.user(user, afterTokensOfNow());
          }),
        },
        delete: { after: ended },
      },
    };
  }

  /**
   * Watches a secondary storage that keeps sessions in place of the database: no hook tells when
   * Better Auth deletes one there.
   */
  watchStorage(): void {
    const { options } = this.#context;
    if (!options.secondaryStorage) return;
    const storage = WATCHED.get(options.secondaryStorage) ?? options.secondaryStorage;
    const forget = this.#safely(async ({ session, user }: Stored) => {
      await this.#end(session, await this.#subjects(session, user));
    });
    const remove = async (key: string) => {
      const stored = await storedSession(storage, key);
      const result = await storage.delete(key);
      if (stored) await forget(stored);
      return result;
    };
    const watched = new Proxy(storage, {
      get(target, name) {
        if (name === "delete") return remove;
        const value = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    WATCHED.set(watched, storage);
    options.secondaryStorage = watched;
  }

  /** Tells that all sessions of a user have ended that began before a time. */
  async user(user: User, notBefore: number): Promise<void> {
    this.#endAll(await this.#subjects({ id: "", userId: user.id }, user), notBefore);
  }

  #endAll(subs: string[], notBefore: number): void {
    for (const sub of subs) this.#send({ event: { type: "user", sub, not_before: notBefore } });
  }

  async #end(session: Row, subs: string[]): Promise<void> {
    const sid = await sidOf(session);
    if (sid === undefined) return;
    // tokens can have a subject that is no longer the user's
    const began = this.#jwt.options.jwt?.getSubject ? undefined : seconds(session.createdAt);
    for (const sub of subs) this.#send({ event: { type: "session", sid, sub }, began });
  }

  /** The subjects of what Better Auth has issued for a session. Empty for an unknown user. */
  async #subjectsOf(session: Row): Promise<string[]> {
    const id = String(session.userId);
    const user = this.#jwt.options.jwt?.getSubject
      ? await this.#context.internalAdapter.findUserById(id)
      : { id };
    return user ? this.#subjects(session, user) : [];
  }

  /** That of tokens, and that of cookie caches, which is always the user's id. */
  async #subjects(session: Row, user: User): Promise<string[]> {
    const sub = await this.#jwt.subject({ user, session: { ...session, id: String(session.id) } });
    return [...new Set([sub, user.id])];
  }

  /** A function whose failure does not keep Better Auth from ending a session. */
  #safely<Arguments extends unknown[]>(run: (...values: Arguments) => Promise<void>) {
    return async (...values: Arguments): Promise<void> => {
      try {
        await run(...values);
      } catch (error) {
        const { message } = error instanceof Error ? error : { message: "unknown" };
        this.#context.logger.error(`better-auth-edge: no event of an ended session: ${message}`);
      }
    };
  }
}

/** The storages behind those that are watched. */
const WATCHED = new WeakMap<object, SecondaryStorage>();

interface Stored {
  session: Row;
  user: User;
}

/** The session under a key, if there is one: other values have no session and no user. */
async function storedSession(storage: SecondaryStorage, key: string): Promise<Stored | undefined> {
  try {
    const value = await storage.get(key);
    const stored = typeof value === "string" ? JSON.parse(value) : value;
    return stored.session?.token === key && stored.user?.id ? stored : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The current second. Some databases keep whole seconds only: a session that begins now must not
 * look older than a time with fractions. Sessions that began in this second end one by one.
 */
function wholeSecond(): number {
  return Math.floor(now());
}

/**
 * Later than the `iat` of every token that is being issued. It has whole seconds, and a request
 * that saw the user or the key as they were can still get one.
 */
export function afterTokensOfNow(): number {
  return Math.floor(now()) + 2;
}

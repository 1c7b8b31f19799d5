import type { AuthContext, Row, User } from "./better-auth.ts";

/** The user's field for the uuid, as Better Auth's types and migrations read it. */
export type UuidSchema = {
  user: {
    fields: {
      uuid: { type: "string"; required: false; unique: true; input: false; returned: true };
    };
  };
};

/** The plugin's schema: Better Auth's migrations add the column. */
export function uuidSchema(field: string) {
  // users see their uuid and cannot choose it
  const column = { type: "string", required: false, unique: true, input: false, returned: true };
  return { user: { fields: { [field]: column } } };
}

/** Makes a new uuid, as the application's own field does if it has a default value. */
export function makeUuid(context: AuthContext, field: string): unknown {
  const own = context.options.user?.additionalFields?.[field]?.defaultValue;
  return typeof own === "function" ? own() : crypto.randomUUID();
}

/** The user's uuid. A user from before the plugin gets one now. */
export async function uuidOf(context: AuthContext, user: User, field: string): Promise<unknown> {
  if (user[field]) return user[field];
  const byId = { field: "id", value: user.id };
  const find = () => context.adapter.findOne({ model: "user", where: [byId] });

  // the user may come from a cache
  const row = await find();
  if (!row || row[field]) return row?.[field];

  const update = { [field]: makeUuid(context, field) };
  const isEmpty = { field, value: null };
  // of two requests at once, only one finds the column empty
  await context.adapter.updateMany({ model: "user", where: [byId, isEmpty], update });
  let updated = await find();
  if (updated && !updated[field]) {
    // the adapters of Better Auth 1.3 and 1.4 do not compare with null
    await context.adapter.update({ model: "user", where: [byId], update });
    updated = await find();
  }
  if (updated) await context.internalAdapter.refreshUserSessions?.(updated);
  return updated?.[field];
}

/** Gives new users a uuid, and older ones when they sign in. */
export function uuidHooks(context: () => AuthContext, field: string) {
  return {
    user: {
      create: {
        before: async (user: Row) => {
          if (user[field]) return;
          return { data: { ...user, [field]: makeUuid(context(), field) } };
        },
      },
    },
    session: {
      create: {
        before: async ({ userId }: Row) => {
          if (typeof userId === "string") await uuidOf(context(), { id: userId }, field);
        },
      },
    },
  };
}

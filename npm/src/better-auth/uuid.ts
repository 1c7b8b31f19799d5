import type { AuthContext, Row } from "./better-auth.ts";
import type { EdgeOptions } from "./options.ts";

/** The user's field for the application's own id: Better Auth's migrations add the column. */
export const UUID_SCHEMA = {
  user: {
    fields: {
      uuid: {
        type: "string",
        required: false,
        unique: true,
        // users cannot choose their uuid
        input: false,
        returned: true,
        defaultValue: () => crypto.randomUUID(),
      },
    },
  },
} as const;

/** The user's uuid. A user from before the plugin gets one now. */
export async function uuidOf(
  context: AuthContext,
  user: Row & { id: string },
  { uuid }: EdgeOptions,
): Promise<unknown> {
  if (!uuid || user.uuid) return user.uuid;
  const byId = { field: "id", value: user.id };
  // two requests at once: only one of them finds the column empty
  await context.adapter.updateMany({
    model: "user",
    where: [byId, { field: "uuid", value: null }],
    update: { uuid: crypto.randomUUID() },
  });
  const row = await context.adapter.findOne({ model: "user", where: [byId] });
  return row?.uuid;
}

/** The application's own id of users, which the plugin for Better Auth makes. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openDatabase } from "../../examples/fullstack/auth/src/database.ts";
import { edge, isFrom, load, PASSWORD, plugins, start } from "./plugin.setup.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Migrates the tables as Better Auth's command does. */
async function migrate(options: object) {
  const { getMigrations } = await load(isFrom(5) ? "better-auth/db/migration" : "better-auth/db");
  const { runMigrations } = await getMigrations({ ...options, telemetry: { enabled: false } });
  await runMigrations();
}

/** The URLs of empty databases: a SQLite file, and PostgreSQL's if POSTGRES_URL names one. */
function databases(directory: string): string[] {
  const { POSTGRES_URL } = process.env;
  return [`file:${join(directory, "auth.db")}`, ...(POSTGRES_URL ? [POSTGRES_URL] : [])];
}

test("new users have a uuid that they cannot choose", async () => {
  await using server = await start({ edgeOptions: { uuid: true } });
  const ada = await server.signUp("ada");
  const grace = await server.signUp("grace");
  const { uuid } = await server.claims(ada.cookie);
  assert.match(uuid as string, UUID);
  assert.equal(server.rows("user")[0]?.uuid, uuid);
  const { user } = await (await server.call("/get-session", { cookie: ada.cookie })).json();
  assert.equal(user.uuid, uuid, "clients see it");

  await server.call("/update-user", { cookie: grace.cookie, body: { uuid, name: "Grace" } });
  assert.notEqual((await server.claims(grace.cookie)).uuid, uuid);
  const chosen = "c0ffee00-0000-4000-8000-000000000000";
  const body = { email: "eve@example.com", password: PASSWORD, name: "Eve", uuid: chosen };
  await server.call("/sign-up/email", { body });
  assert.ok(server.rows("user").every((row) => row.uuid !== chosen));
});

test("a user from before the plugin gets one uuid, by a token or by a sign-in", async () => {
  await using server = await start({ edgeOptions: { uuid: true } });
  const ada = await server.signUp("ada");
  const [row] = server.rows("user");
  assert.ok(row);
  delete row.uuid;
  const claims = await Promise.all([1, 2, 3].map(() => server.claims(ada.cookie)));
  assert.match(claims[0]?.uuid as string, UUID);
  assert.equal((await server.claims(ada.cookie)).uuid, row.uuid);

  row.uuid = null;
  const body = { email: "ada@example.com", password: PASSWORD };
  await server.done("/sign-in/email", { body });
  assert.match(row.uuid as unknown as string, UUID);
});

test("a field of another name contains the claim uuid", async () => {
  await using server = await start({ edgeOptions: { uuid: { field: "publicId" } } });
  const { cookie } = await server.signUp();
  const claims = await server.claims(cookie);
  assert.match(claims.uuid as string, UUID);
  assert.equal(server.rows("user")[0]?.publicId, claims.uuid);
});

test("the application's own field is used as it is", async () => {
  let count = 0;
  const defaultValue = () => `own-${++count}`;
  const field = { type: "string", required: false, input: false, defaultValue };
  const user = { additionalFields: { uuid: field } };
  await using server = await start({ edgeOptions: { uuid: true }, user });
  const { cookie } = await server.signUp();
  const { uuid } = await server.claims(cookie);
  assert.match(uuid as string, /^own-\d$/);
  assert.equal(server.rows("user")[0]?.uuid, uuid);
});

test("Better Auth's migrations make the column, also for existing users", async () => {
  const directory = mkdtempSync(join(tmpdir(), "better-auth-edge-plugin-"));
  try {
    for (const url of databases(directory)) {
      const { adapter, close } = openDatabase(url);
      const options = { database: adapter, emailAndPassword: { enabled: true } };
      // SQLite cannot add the unique column that Better Auth before 1.7 writes
      const canAdd = isFrom(7) || !url.startsWith("file:");
      const uuid = { ...options, plugins: [plugins.jwt(), edge({ uuid: true })] };
      await migrate(canAdd ? { ...options, plugins: [plugins.jwt()] } : uuid);
      let id: string | undefined;
      if (canAdd) {
        await using before = await start({ database: adapter });
        id = (await before.signUp("ada")).id;
        await migrate(uuid);
      }

      await using server = await start({ database: adapter, edgeOptions: { uuid: true } });
      const ada = await (canAdd ? server.signIn("ada") : server.signUp("ada"));
      const claims = await Promise.all([1, 2, 3].map(() => server.claims(ada.cookie)));
      assert.match(claims[0]?.uuid as string, UUID);
      assert.equal(new Set(claims.map((one) => one.uuid)).size, 1);
      if (id) assert.equal(claims[0]?.sub, id);
      await close();
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("requests at once give a user from before the plugin one uuid", async () => {
  const directory = mkdtempSync(join(tmpdir(), "better-auth-edge-plugin-"));
  try {
    for (const url of databases(directory)) {
      const { adapter, close } = openDatabase(url);
      const options = { database: adapter, edgeOptions: { uuid: true } };
      await migrate({ database: adapter, plugins: [plugins.jwt(), edge({ uuid: true })] });
      await using server = await start(options);
      const { cookie, id } = await server.signUp(`ada-${Date.now()}`);
      const { adapter: rows } = await server.auth.$context;
      const where = [{ field: "id", value: id }];
      await rows.update({ model: "user", where, update: { uuid: null } });
      const claims = await Promise.all([1, 2, 3, 4].map(() => server.claims(cookie)));
      const row = await rows.findOne({ model: "user", where });
      assert.match(row.uuid, UUID);
      // before 1.5, Better Auth's adapters cannot say "only where it is empty"
      if (isFrom(5))
        assert.deepEqual(
          claims.map(({ uuid }) => uuid),
          Array(4).fill(row.uuid),
        );
      await close();
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});

/** The application's own id of users, which the plugin for Better Auth makes. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openDatabase } from "../../examples/fullstack/auth/src/database.ts";
import { type EmptyDatabase, mariadb, postgres } from "./database-servers.ts";
import { edge, isFrom, load, PASSWORD, plugins, start } from "./plugin.setup.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Migrates the tables as Better Auth's command does. */
async function migrate(options: object) {
  const { getMigrations } = await load(isFrom(5) ? "better-auth/db/migration" : "better-auth/db");
  const { runMigrations } = await getMigrations({ ...options, telemetry: { enabled: false } });
  await runMigrations();
}

/** Empty databases of each kind that Better Auth's own adapter supports. */
const DATABASES: Record<string, () => EmptyDatabase | Promise<EmptyDatabase>> = {
  SQLite() {
    const directory = mkdtempSync(join(tmpdir(), "better-auth-edge-plugin-"));
    const { adapter, close } = openDatabase(`file:${join(directory, "auth.db")}`);
    return {
      adapter,
      async close() {
        await close();
        rmSync(directory, { recursive: true });
      },
    };
  },
  PostgreSQL: postgres,
  MariaDB: mariadb,
};

/** Runs a test with each database. */
function testWithDatabases(title: string, run: (adapter: unknown, name: string) => Promise<void>) {
  for (const [name, open] of Object.entries(DATABASES)) {
    test(`${title}, ${name}`, async () => {
      const { adapter, close } = await open();
      try {
        await run(adapter, name);
      } finally {
        await close();
      }
    });
  }
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

testWithDatabases(
  "Better Auth's migrations make the column, also for existing users",
  async (adapter, name) => {
    const old = {
      database: adapter,
      emailAndPassword: { enabled: true },
      plugins: [plugins.jwt()],
    };
    const now = { ...old, plugins: [plugins.jwt(), edge({ uuid: true })] };
    // SQLite cannot add the unique column that Better Auth before 1.7 writes
    const canAdd = isFrom(7) || name !== "SQLite";
    await migrate(canAdd ? old : now);
    let id: unknown;
    if (canAdd) {
      await using before = await start({ database: adapter });
      id = (await before.signUp("ada")).id;
      await migrate(now);
    }

    await using server = await start({ database: adapter, edgeOptions: { uuid: true } });
    const ada = await (canAdd ? server.signIn("ada") : server.signUp("ada"));
    const claims = await server.claims(ada.cookie);
    assert.match(claims.uuid as string, UUID);
    if (canAdd) assert.equal(claims.sub, id);
    assert.equal((await server.claims(ada.cookie)).uuid, claims.uuid);
  },
);

testWithDatabases(
  "requests at once give a user from before the plugin one uuid",
  async (adapter) => {
    await migrate({ database: adapter, plugins: [plugins.jwt(), edge({ uuid: true })] });
    await using server = await start({ database: adapter, edgeOptions: { uuid: true } });
    const { cookie, id } = await server.signUp("grace");
    const { adapter: rows } = await server.auth.$context;
    const where = [{ field: "id", value: id }];
    await rows.update({ model: "user", where, update: { uuid: null } });
    const claims = await Promise.all([1, 2, 3, 4].map(() => server.claims(cookie)));
    const { uuid } = await rows.findOne({ model: "user", where });
    assert.match(uuid, UUID);
    // the adapters of Better Auth before 1.5 cannot say "only where it is empty"
    if (!isFrom(5)) return;
    assert.deepEqual(
      claims.map((one) => one.uuid),
      Array(4).fill(uuid),
    );
  },
);

/** Prints the SQL of the tables that Better Auth's plugins need and the migrations do not make. */
import { readdirSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { getMigrations } from "better-auth/db/migration";
import { authOptions } from "../src/auth.ts";

const directory = new URL("../migrations/", import.meta.url);
const database = new DatabaseSync(":memory:");
for (const name of readdirSync(directory).sort()) {
  database.exec(readFileSync(new URL(name, directory), "utf8"));
}

const options = authOptions({
  baseURL: "http://localhost:8787",
  secret: "only the plugins count for the tables",
  database,
  fetch,
  waitUntil() {},
});
const { compileMigrations } = await getMigrations(options);
console.log(await compileMigrations());

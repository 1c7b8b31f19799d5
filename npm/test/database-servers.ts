/**
 * Temporary PostgreSQL and MariaDB servers: installed binaries, a temporary directory, a free port.
 * MariaDB has the protocol and the SQL of MySQL.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createPool } from "mysql2/promise";
import { Pool } from "pg";
import { freePort } from "../../examples/fullstack/auth/test/ports.ts";

/** A database without tables. */
export interface EmptyDatabase {
  /** Better Auth's option `database`. */
  adapter: unknown;
  close(): Promise<void>;
}

/** A database of a new PostgreSQL server. */
export async function postgres(): Promise<EmptyDatabase> {
  const options = { user: "postgres", password: "for tests", database: "postgres" };
  const port = await freePort();
  const { close } = await postgresServer({ ...options, port });
  const pool = new Pool({ ...options, host: "127.0.0.1", port });
  pool.on("error", () => {}); // of idle connections, when the server stops
  return { adapter: pool, close: () => pool.end().then(close) };
}

/** A new PostgreSQL server with an account, which requires its password, and a database. */
export async function postgresServer(made: {
  user: string;
  password: string;
  database: string;
  port: number;
}): Promise<{ programs: string; close(): Promise<void> }> {
  const { user, password, database, port } = made;
  const home = createHome("postgres");
  const file = home.write("password", password);
  const account = ["-U", user, "-A", "scram-sha-256", `--pwfile=${file}`];
  home.run(postgresProgram("initdb"), [...account, "-E", "UTF8", "--no-sync"]);
  const settings = [`port=${port}`, `unix_socket_directories=${home.path}`, "fsync=off"];
  const flags = ["listen_addresses=127.0.0.1", ...settings].map((setting) => `--${setting}`);
  const close = await home.serve(postgresProgram("postgres"), flags, async () => {
    const probe = new Pool({ host: "127.0.0.1", port, user, password, database: "postgres" });
    const isDefault = database === "postgres";
    const statement = isDefault ? "SELECT 1" : `CREATE DATABASE "${database}"`;
    await probe.query(statement).finally(() => probe.end());
  });
  return { programs: dirname(postgresProgram("postgres")), close };
}

/** A database of a new MariaDB server. */
export async function mariadb(): Promise<EmptyDatabase> {
  const home = createHome("mariadb");
  const port = await freePort();
  const options = { host: "127.0.0.1", port, user: "root", timezone: "Z" };
  home.run("mariadb-install-db", ["--no-defaults", "--auth-root-authentication-method=normal"]);
  const flags = ["--no-defaults", `--socket=${join(home.path, "socket")}`, `--port=${port}`];
  const stop = await home.serve("mariadbd", [...flags, "--bind-address=127.0.0.1"], async () => {
    const probe = createPool(options);
    await probe.query("CREATE DATABASE auth").finally(() => probe.end());
  });
  const pool = createPool({ ...options, database: "auth" });
  return { adapter: pool, close: () => pool.end().then(stop) };
}

/** The directory of a server. Its account is never root, as which PostgreSQL does not start. */
function createHome(name: string) {
  const path = mkdtempSync(join(tmpdir(), `better-auth-edge-${name}-`));
  const account = process.geteuid?.() === 0 ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {};
  if (account.uid) chownSync(path, account.uid, account.gid);
  const data =
    name === "postgres" ? ["-D", join(path, "data")] : [`--datadir=${join(path, "data")}`];
  // MariaDB removes the temporary tables of other servers from a directory that they share
  const env = { ...process.env, TMPDIR: path };
  const options = { ...account, cwd: path, env, stdio: "ignore" } as const;

  /** Starts the server, and returns what stops it. `connect` fails until the server is ready. */
  async function serve(program: string, flags: string[], connect: () => Promise<unknown>) {
    const server = spawn(program, [...flags, ...data], options);
    const ended = once(server, "exit");
    const kill = () => server.kill("SIGKILL");
    process.once("exit", kill);
    const stop = async () => {
      server.kill(name === "postgres" ? "SIGINT" : "SIGTERM");
      await ended;
      process.off("exit", kill);
      rmSync(path, { recursive: true });
    };
    for (let attempt = 1; ; attempt++) {
      try {
        await connect();
        return stop;
      } catch (error) {
        if (server.exitCode === null && attempt < MOST_ATTEMPTS) await delay(100);
        else throw await stop().then(() => error);
      }
    }
  }

  function write(name: string, text: string): string {
    const file = join(path, name);
    writeFileSync(file, text, { mode: 0o600 });
    if (account.uid) chownSync(file, account.uid, account.gid);
    return file;
  }

  return {
    path,
    serve,
    write,
    run: (program: string, flags: string[]) => execFileSync(program, [...flags, ...data], options),
  };
}

const UNPRIVILEGED = 65534;
const MOST_ATTEMPTS = 600;

/** Debian's newest version of a program of PostgreSQL, or the one on the path. */
function postgresProgram(name: string): string {
  try {
    const directory = "/usr/lib/postgresql";
    const newest = readdirSync(directory).sort((a, b) => Number(b) - Number(a))[0];
    return join(directory, String(newest), "bin", name);
  } catch {
    return name;
  }
}

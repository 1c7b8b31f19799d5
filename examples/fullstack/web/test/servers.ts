// Servers as child processes on free loopback ports, which end with the tests.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { freePort } from "../../auth/test/ports.ts";

/** The checkout's root. */
export const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));

/** A running server. */
export interface Server {
  url: string;
  /** The output so far. */
  log(): string;
  stop(): Promise<void>;
}

interface Start {
  command: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
  /** Matches the output of a ready server. The first group is its URL, unless `url` is given. */
  ready: RegExp;
  url?: string;
}

/** Starts a server and waits until it is ready. */
export async function start({ command, args, cwd, env, ready, url }: Start): Promise<Server> {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, NO_PROXY: "127.0.0.1", ...env },
    // in its own process group, so that its child processes end with it
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  groups.add(child);
  let log = "";
  const found = new Promise<RegExpExecArray>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      log += chunk;
      const match = ready.exec(log);
      if (match) resolve(match);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.on("exit", (code) => reject(new Error(`${args.join(" ")} ended with ${code}:\n${log}`)));
    child.on("error", reject);
  });
  const match = await found;
  return {
    url: url ?? (match[1] as string),
    log: () => log,
    stop: async () => {
      const ended = child.exitCode === null ? once(child, "exit") : undefined;
      kill(child);
      await ended;
    },
  };
}

const groups = new Set<ChildProcess>();

function kill(child: ChildProcess): void {
  try {
    if (child.pid !== undefined && groups.delete(child)) process.kill(-child.pid, "SIGKILL");
  } catch {
    // the process has ended already
  }
}

process.on("exit", () => groups.forEach(kill));

/** The example's Better Auth and FastAPI servers. */
export interface Backends {
  auth: Server;
  api: Server;
  /** The applications' signing key, and the issuer that FastAPI accepts. */
  edge: { EDGE_SIGNING_KEY: string; EDGE_ISSUER: string };
  /** The URLs of the running applications, which get Better Auth's events. */
  apps: Set<string>;
  secret: string;
  stop(): Promise<void>;
}

/** @param origins origins whose pages may sign users in */
export async function startBackends(origins: string[]): Promise<Backends> {
  const directory = mkdtempSync(join(tmpdir(), "better-auth-edge-next-"));
  const python = process.env.PYTHON ?? join(ROOT, ".venv/bin/python");
  const example = join(ROOT, "examples/fullstack/api");
  const database = { DATABASE_URL: `sqlite:///${directory}/app.db`, PYTHONDONTWRITEBYTECODE: "1" };
  await promisify(execFile)(python, ["-m", "alembic", "upgrade", "head"], {
    cwd: example,
    env: { ...process.env, ...database },
  });
  const edge = await startAddress();
  const secret = randomBytes(32).toString("hex");
  const own = { HOST: "127.0.0.1", PORT: "0", EXIT_WITH_PARENT: "1", DEMO: "1" };
  const auth = await start({
    command: process.execPath,
    args: ["--import", "tsx", "src/server.ts"],
    cwd: join(ROOT, "examples/fullstack/auth"),
    env: {
      ...own,
      BETTER_AUTH_SECRET: secret,
      BETTER_AUTH_URL: "",
      BETTER_AUTH_TRUSTED_ORIGINS: origins.join(","),
      COOKIE_CACHE: "jwks",
      EDGE_URL: edge.url,
      DATABASE_URL: `file:${directory}/app.db`,
    },
    ready: /Better Auth listening on (\S+)/,
  });
  const port = String(await freePort());
  const api = await start({
    command: python,
    args: ["-m", "app"],
    cwd: example,
    env: {
      ...own,
      ...database,
      PORT: port,
      EDGE_JWKS_URL: edge.url,
      EDGE_AUDIENCE: `http://127.0.0.1:${port}`,
    },
    ready: /FastAPI listening on (\S+)/,
  });
  const stop = async () => {
    await Promise.all([auth.stop(), api.stop(), edge.stop()]);
    rmSync(directory, { recursive: true, force: true });
  };
  return { auth, api, edge: edge.env, apps: edge.apps, secret, stop };
}

/**
 * Makes a signing key, and starts a server at the address that Better Auth and FastAPI have for the
 * edge. As a load balancer in front of the applications would, it publishes the public key and
 * forwards Better Auth's events to every application that runs.
 */
async function startAddress() {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const { crv, kty, x } = publicKey.export({ format: "jwk" });
  // RFC 7638, section 3
  const kid = createHash("sha256").update(JSON.stringify({ crv, kty, x })).digest("base64url");
  const set = JSON.stringify({ keys: [{ alg: "EdDSA", crv, kid, kty, use: "sig", x }] });
  const apps = new Set<string>();
  const server = createHttpServer(async (request, response) => {
    if (request.method !== "POST") return response.end(set);
    const body = Buffer.concat(await request.toArray());
    const statuses = await Promise.all([...apps].map((app) => postEvent(app, request.url, body)));
    return response.writeHead(Math.max(204, ...statuses)).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const key = JSON.stringify(privateKey.export({ format: "jwk" }));
  const stop = () => new Promise((resolve) => server.close(resolve));
  return { url, stop, apps, env: { EDGE_SIGNING_KEY: key, EDGE_ISSUER: url } };
}

/** The status of an application's response to an event. */
async function postEvent(app: string, path = "/", body: Uint8Array<ArrayBuffer>): Promise<number> {
  const headers = { "content-type": "application/jwt" };
  try {
    return (await fetch(app + path, { method: "POST", headers, body })).status;
  } catch {
    // the application has stopped
    return 502;
  }
}

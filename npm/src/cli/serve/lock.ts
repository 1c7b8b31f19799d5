/** The directory of the store of ended sessions, which one edge at a time uses. */
import { chmodSync, lstatSync, mkdirSync, rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { dirname, relative, resolve } from "node:path";

/** The directory cannot be used. */
export class DirectoryError extends Error {
  override name = "DirectoryError";
}

/**
 * Creates a directory if it is missing, and locks it until this process ends.
 *
 * @returns its absolute path
 * @throws {DirectoryError} if another process has locked it, or it cannot be written
 */
export async function lockDirectory(path: string): Promise<string> {
  const directory = resolve(path);
  rejectForeign(directory);
  // a server's socket is a lock that no killed process leaves behind
  const socket = shorter(resolve(directory, "lock.sock"));
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    if (await isServed(socket)) {
      throw new DirectoryError(`another process uses ${path}: give each edge its own --data`);
    }
    rmSync(socket, { force: true });
    const server = await serve(socket);
    chmodSync(socket, 0o600);
    // alone, it does not keep the process running
    server.unref();
  } catch (error) {
    if (error instanceof DirectoryError) throw error;
    throw new DirectoryError(`cannot use ${path} (${(error as NodeJS.ErrnoException).code})`);
  }
  return directory;
}

/**
 * Another user could move the databases elsewhere. Root owns links of the system, and in a
 * container root uses directories of other users.
 */
function rejectForeign(directory: string): void {
  const own = process.getuid?.();
  for (let path = directory; path !== dirname(path); path = dirname(path)) {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (!found || found.uid === own || found.uid === 0) continue;
    if (found.isSymbolicLink() || (path === directory && own !== 0)) {
      throw new DirectoryError(`cannot use ${path}: it belongs to another user`);
    }
  }
}

/** A socket's path has at most about a hundred characters. */
function shorter(path: string): string {
  const other = relative(process.cwd(), path);
  return other.length < path.length ? other : path;
}

function isServed(socket: string): Promise<boolean> {
  return new Promise((done, fail) => {
    const connection = connect(socket, () => {
      connection.destroy();
      done(true);
    });
    connection.on("error", (error: NodeJS.ErrnoException) => {
      const isFree = error.code === "ECONNREFUSED" || error.code === "ENOENT";
      return isFree ? done(false) : fail(error);
    });
  });
}

function serve(socket: string): Promise<Server> {
  return new Promise((done, fail) => {
    const server = createServer((connection) => connection.destroy());
    server.on("error", fail).listen(socket, () => done(server));
  });
}

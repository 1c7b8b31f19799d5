/** The socket on which all processes of the edge accept connections. */
import { spawnSync } from "node:child_process";
import { createServer } from "node:http";
import net from "node:net";

/** A socket that listens. This process holds it and accepts no connection itself. */
export interface Listener {
  /** The file descriptor, for child processes. */
  fd: number;
  port: number;
  /**
   * Responds to all further connections with 503, until it closes. workerd stops to accept them
   * before it ends, but they would wait in the socket's queue.
   */
  refuse(): void;
  close(): void;
}

/** The address is in use, or is not one of this machine. */
export class ListenError extends Error {
  override name = "ListenError";
}

/**
 * Listens on an address.
 *
 * @param port 0 for any free port
 * @throws {ListenError} if the address cannot be used
 */
export function listen(host: string, port: number): Listener {
  // a server of node:net would accept the connections; this handle, which node:cluster uses, is
  // only bound
  const handle = bound(host, port);
  // `listen` is a call of the system for the socket itself, so another process can do it
  const script = `net.createServer().on("error", () => process.exit(1))
    .listen({ fd: 3, backlog: 511 });
    process.nextTick(() => process.exit());`;
  const { status } = spawnSync(process.execPath, ["-e", script], {
    stdio: ["ignore", "ignore", "ignore", handle.fd],
  });
  const name: { port?: number } = {};
  handle.getsockname(name);
  if (status !== 0 || name.port === undefined) {
    handle.close();
    // node:net reports an address in use only then
    throw new ListenError(`cannot listen on ${host}:${port}: another process uses the port`);
  }
  const refusing = createServer((_, response) => {
    response.writeHead(503, { connection: "close", "retry-after": "1" }).end();
  });
  return {
    fd: handle.fd,
    port: name.port,
    refuse() {
      if (!refusing.listening) refusing.listen({ _handle: handle } as object);
    },
    close() {
      if (!refusing.listening) return handle.close();
      refusing.close();
      refusing.closeAllConnections();
    },
  };
}

interface Handle {
  fd: number;
  getsockname(name: object): number;
  close(): void;
}

function bound(host: string, port: number): Handle {
  const create = (net as unknown as Record<string, unknown>)._createServerHandle as (
    address: string,
    port: number,
    family: 4 | 6,
  ) => Handle | number;
  const address = host === "localhost" ? "127.0.0.1" : host;
  const family = net.isIP(address);
  if (family === 0) throw new ListenError("--host is not an IP address, such as 127.0.0.1 or ::");
  const handle = create(address, port, family === 6 ? 6 : 4);
  if (typeof handle !== "number") return handle;
  const reason = REASONS[handle] ?? `error ${handle}`;
  throw new ListenError(`cannot listen on ${host}:${port}: ${reason}`);
}

/** The errors of Linux and macOS by their numbers. */
const REASONS: Record<number, string> = {
  [-13]: "ports below 1024 need a permission",
  [-98]: "another process uses the port",
  [-48]: "another process uses the port",
  [-99]: "this machine does not have the address",
  [-49]: "this machine does not have the address",
};

/**
 * The socket on which the edge accepts connections. It passes the bytes of a connection on to one
 * of the processes, as they are, and back. It limits the connections, because workerd ends when it
 * has no file descriptor left.
 */
import { type AddressInfo, createServer, isIP, type Server, type Socket } from "node:net";
import { Connection } from "./connection.ts";
import { type Limits, REJECTED } from "./limits.ts";
import { problemResponses, type Unavailability } from "./problem.ts";

/** The address is in use, or is not one of this machine. */
export class ListenError extends Error {
  override name = "ListenError";
  /** The system's code. It is empty if `--host` is not an address. */
  readonly code: string;

  constructor(message: string, code = "") {
    super(message);
    this.code = code;
  }
}

/** A process with the Worker. */
interface Target {
  /** The Unix socket on which it listens. */
  path: string;
  connections: number;
}

/** Listening sockets with processes behind them. */
export class Listener {
  readonly #servers: Servers;
  readonly #limits: Limits;
  readonly #full: () => void;
  readonly #targets = new Set<Target>();
  /** The open connections of clients. */
  readonly #clients = new Set<Socket>();
  /** Those of them that get a response of this process, the oldest first. */
  readonly #rejected = new Set<Socket>();
  #response = problemResponses("edge_unavailable");

  /**
   * Listens on an address, or on both addresses of `localhost`: clients differ in which they try
   * first, and another program with that address and port would get what is meant for the edge.
   *
   * @param port 0 for any free port
   * @param full is called for each connection that is rejected because of a limit
   * @throws {ListenError} if the address cannot be used
   */
  static async listen(
    host: string,
    port: number,
    limits: Limits,
    full: () => void,
  ): Promise<Listener> {
    if (host !== "localhost" && isIP(host) === 0) {
      throw new ListenError("--host is not an IP address, such as 127.0.0.1 or ::");
    }
    const servers: Servers =
      host === "localhost" ? await listenLocally(port) : [await listen(host, port)];
    return new Listener(servers, limits, full);
  }

  private constructor(servers: Servers, limits: Limits, full: () => void) {
    this.#servers = servers;
    this.#limits = limits;
    this.#full = full;
    for (const server of servers) server.on("connection", (client) => this.#accept(client));
  }

  get port(): number {
    return portOf(this.#servers[0]);
  }

  /**
   * Passes connections on to a process too.
   *
   * @param path the Unix socket on which it listens
   * @returns a function that stops this; open connections stay
   */
  add(path: string): () => void {
    const target = { path, connections: 0 };
    this.#targets.add(target);
    return () => this.#targets.delete(target);
  }

  /** Sets the response to connections while there is no process. */
  respondWith(code: Unavailability): void {
    this.#response = problemResponses(code);
  }

  /** Closes the socket and all connections. */
  close(): void {
    for (const server of this.#servers) server.close();
    for (const client of this.#clients) client.destroy();
  }

  #accept(client: Socket): void {
    // "close" follows
    client.on("error", () => {});
    const others = this.#clients.size;
    this.#clients.add(client);
    client.once("close", () => this.#clients.delete(client));
    if (others < this.#limits.total) {
      this.#forward(client, ATTEMPTS);
      return;
    }
    this.#full();
    // this process has few descriptors left for connections that only get a response
    const [oldest] = this.#rejected;
    if (others >= this.#limits.total + REJECTED) oldest?.destroy();
    this.#reject(client);
  }

  #forward(client: Socket, attempts: number): void {
    if (client.destroyed) return;
    const target = this.#leastBusy();
    if (!target) {
      this.#reject(client);
      return;
    }
    target.connections++;
    const server = new Connection(target.path);
    const failed = () => {
      // the process has just ended, or its queue is full
      if (attempts > 1) setTimeout(() => this.#forward(client, attempts - 1), RETRY);
      else this.#reject(client);
    };
    server.once("error", failed).once("close", () => target.connections--);
    server.once("connect", () => {
      // "close" follows an error
      server.off("error", failed).on("error", () => {});
      server.join(client);
    });
  }

  /** The process with the fewest connections; `undefined` if none can take another. */
  #leastBusy(): Target | undefined {
    let found: Target | undefined;
    for (const target of this.#targets) {
      if (target.connections < (found?.connections ?? this.#limits.process)) found = target;
    }
    if (!found && this.#targets.size > 0) this.#full();
    return found;
  }

  /** Responds once the request begins, and drops the request. */
  #reject(client: Socket): void {
    if (client.destroyed) return;
    client.once("data", () => client.end(this.#response())).once("end", () => client.end());
    const timer = setTimeout(() => client.destroy(), REJECTION);
    this.#rejected.add(client);
    client.once("close", () => {
      clearTimeout(timer);
      this.#rejected.delete(client);
    });
  }
}

/** Listens on both loopback addresses. A machine can be without IPv6. */
async function listenLocally(port: number): Promise<Servers> {
  for (let attempts = port === 0 ? PORTS : 1; ; attempts--) {
    const server = await listen("127.0.0.1", port);
    try {
      return [server, await listen("::1", portOf(server))];
    } catch (error) {
      if (error instanceof ListenError && WITHOUT_IPV6.includes(error.code)) return [server];
      server.close();
      // the port is free in IPv4 only
      if (attempts <= 1) throw error;
    }
  }
}

async function listen(host: string, port: number): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", ({ code = "" }: NodeJS.ErrnoException) => {
      const address = isIP(host) === 6 ? `[${host}]` : host;
      const reason = REASONS[code] ?? code;
      reject(new ListenError(`cannot listen on ${address}:${port}: ${reason}`, code));
    });
    server.listen({ host, port }, resolve);
  });
  // the system accepts no connection for a moment
  server.on("error", () => {});
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

type Servers = readonly [Server, ...Server[]];

/** How many free ports of IPv4 are tried until one is free in IPv6 too. */
const PORTS = 5;

/** The errors of a system that has no IPv6 address for itself. */
const WITHOUT_IPV6 = ["EADDRNOTAVAIL", "EAFNOSUPPORT"];

/** How often a connection to a process is tried, and the milliseconds between. */
const ATTEMPTS = 5;
const RETRY = 20;
/** Milliseconds until the connection of a rejected request is closed. */
const REJECTION = 2_000;
const REASONS: Record<string, string> = {
  EACCES: "ports below 1024 need a permission",
  EADDRINUSE: "another process uses the port; choose one with --port",
  EADDRNOTAVAIL: "this machine does not have the address",
};

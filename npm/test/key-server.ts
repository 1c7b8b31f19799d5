// An auth server, as far as a verifier asks it: JWK Sets over HTTP on loopback, good ones and others.
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface KeyServer {
  /** Its sets are at `{url}/{anything}/{set}`: each folder has its own counts and rotation. */
  url: string;
  /** How often a path has been asked for. */
  fetches(path: string): number;
  close(): Promise<void>;
}

/**
 * Starts a server of the sets `all` (these keys), `rotating` (at first only those of `before`), `replaced`
 * (at first only those of `old`), `empty`, and of sources that fail: `text`, `array`, `huge`, `error`, `elsewhere` (a redirect to `all`), `never`.
 */
export async function startKeyServer(
  all: object[],
  before: object[],
  old: object[],
): Promise<KeyServer> {
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    const count = (counts.get(path) ?? 0) + 1;
    counts.set(path, count);
    // browsers ask from another origin, but never for permission before: few servers would give it
    if (request.method === "OPTIONS") return void response.writeHead(405).end();
    response.setHeader("access-control-allow-origin", "*");
    answer(path.split("/").at(-1) ?? "", count, response);
  });
  const json = (response: ServerResponse, value: unknown) => {
    response.setHeader("content-type", "application/json").end(JSON.stringify(value));
  };
  const answer = (set: string, count: number, response: ServerResponse) => {
    switch (set) {
      case "all":
        return json(response, { keys: all });
      case "rotating":
        return json(response, { keys: count === 1 ? before : all });
      case "replaced":
        return json(response, { keys: count === 1 ? old : all });
      case "empty":
        return json(response, { keys: [] });
      case "text":
        return response.end("<!doctype html><title>Sign in</title>");
      case "array":
        return json(response, all);
      case "huge":
        return json(response, { keys: all, padding: " ".repeat(2 ** 21) });
      case "error":
        return response.writeHead(500).end("no database");
      case "elsewhere":
        return response.writeHead(307, { location: "all" }).end();
      case "never":
        return;
      default:
        return response.writeHead(404).end();
    }
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fetches: (path) => counts.get(path) ?? 0,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

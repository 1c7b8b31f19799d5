/**
 * The part of an auth server that a verifier uses: JWK Sets over HTTP on loopback, some invalid.
 */
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface KeyServer {
  /** The sets are at `{url}/{folder}/{set}`. Each folder has its own counts and rotation. */
  url: string;
  /** The number of requests for a path. */
  fetches(path: string): number;
  close(): Promise<void>;
}

/**
 * Starts a server of JWK Sets.
 *
 * @param all the keys of the set `all`; and of `rotating` and `replaced` after the first request
 * @param before the keys of `rotating` in the first response
 * @param old the keys of `replaced` in the first response
 *
 * `empty` is a set without keys. Sources that fail: `text`, `array`, `huge`, `error`, `elsewhere`
 * (a redirect to `all`) and `never` (no response).
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
    // another origin may read the sets, but a preflight fails, as it does on most servers
    if (request.method === "OPTIONS") return void response.writeHead(405).end();
    response.setHeader("access-control-allow-origin", "*");
    respond(path.split("/").at(-1) ?? "", count, response);
  });
  const json = (response: ServerResponse, value: unknown) => {
    response.setHeader("content-type", "application/json").end(JSON.stringify(value));
  };
  const respond = (set: string, count: number, response: ServerResponse) => {
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

// Servers on free loopback ports: a static file server and a key server.

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

/** @typedef {import("node:http").Server} Server */

/**
 * @param {Server} server
 * @returns {Promise<string>} its origin
 */
async function listen(server) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return `http://127.0.0.1:${address.port}`;
}

/** @type {Record<string, string>} */
const TYPES = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** @param {string} directory */
export async function staticServer(directory) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const file = join(directory, normalize(pathname), pathname.endsWith("/") ? "index.html" : "");
    try {
      const content = await readFile(file);
      response.setHeader("content-type", TYPES[extname(file)] ?? "application/octet-stream");
      response.end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  return { server, origin: await listen(server) };
}

/** A JWKS endpoint. Each test sets the responses for its own paths. */
export async function keyServer() {
  /** @type {Map<string, { status: number, headers: Record<string, string>, body: string }>} */
  const responses = new Map();
  /** @type {string[]} */
  const requested = [];
  const server = createServer((request, response) => {
    requested.push(request.url ?? "");
    const stored = responses.get(request.url ?? "");
    response.writeHead(stored?.status ?? 404, stored?.headers).end(stored?.body);
  });
  const origin = await listen(server);
  return {
    server,
    origin,
    requested,
    /**
     * @param {string} path
     * @param {string} body
     * @param {{ status?: number, headers?: Record<string, string> }} [options] by default
     *   every page can read the response
     */
    respond(path, body, { status = 200, headers = { "access-control-allow-origin": "*" } } = {}) {
      responses.set(path, { status, headers, body });
    },
  };
}

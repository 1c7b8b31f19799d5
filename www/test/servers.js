// Servers on free loopback ports: one of static files, as any would do, and one of keys.

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

/** A JWKS endpoint whose answers are set by a test, at paths of its own. */
export async function keyServer() {
  /** @type {Map<string, { status: number, headers: Record<string, string>, body: string }>} */
  const answers = new Map();
  /** @type {string[]} */
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    const answer = answers.get(request.url ?? "");
    response.writeHead(answer?.status ?? 404, answer?.headers).end(answer?.body);
  });
  const origin = await listen(server);
  return {
    server,
    origin,
    asked,
    /**
     * @param {string} path
     * @param {string} body
     * @param {{ status?: number, headers?: Record<string, string> }} [how] every page may read it by default
     */
    answer(path, body, { status = 200, headers = { "access-control-allow-origin": "*" } } = {}) {
      answers.set(path, { status, headers, body });
    },
  };
}

/** Free ports for servers that a test starts later. */
import { once } from "node:events";
import { createServer } from "node:net";

/**
 * A port on which no server listens. It stays free until the test's server takes it: it lies below
 * the ports that the system gives to connections (32768 and above), and each process has ports of
 * its own.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < BLOCK; attempt++) {
    const port = FIRST + BLOCK * (process.pid % BLOCKS) + (given++ % BLOCK);
    if (await isFree(port)) return port;
  }
  throw new Error("all ports of this process are in use");
}

/** The ports 10000 to 32399, in blocks. */
const FIRST = 10_000;
const BLOCK = 32;
const BLOCKS = 700;

let given = 0;

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}

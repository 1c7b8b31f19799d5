// The benchmark host in Node. It exits when its standard input closes.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { createHost } from "./host.js";
import { nodePeers } from "./node-peers.js";
import { instantiate, ours } from "./ours.js";
import { peers } from "./peers.js";

const [directory] = process.argv.slice(2);
const materials = JSON.parse(readFileSync(join(directory, "material.json"), "utf8"));

const handle = createHost(materials, { ...ours, ...peers, ...nodePeers }, () =>
  instantiate(new WebAssembly.Module(readFileSync(join(directory, "index_bg.wasm")))),
);

const server = createServer(async (request, response) => {
  try {
    response.end(await handle(`http://localhost${request.url}`));
  } catch (error) {
    console.error(error);
    response.writeHead(500).end(String(error));
  }
});
server.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ event: "listen", port: server.address().port }));
});
process.stdin.resume().on("end", () => process.exit());

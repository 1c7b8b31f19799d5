/**
 * Runs a real Better Auth below `/{algorithm}` for each algorithm in the arguments, with users in
 * memory. Prints its URL to standard output, and ends when its standard input closes.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { toNodeHandler } from "better-auth/node";
import { bearer, jwt } from "better-auth/plugins";

const handlers = new Map();
const server = createServer((request, response) => {
  const handle = handlers.get(request.url.split("/")[1]);
  if (handle) handle(request, response);
  else response.writeHead(404).end();
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const baseURL = `http://127.0.0.1:${server.address().port}`;

for (const alg of process.argv.slice(2)) {
  const database = { user: [], session: [], account: [], verification: [], jwks: [] };
  const auth = betterAuth({
    baseURL,
    basePath: `/${alg}`,
    secret: "a secret for tests, long enough to pass",
    database: memoryAdapter(database),
    emailAndPassword: { enabled: true },
    plugins: [jwt({ jwks: { keyPairConfig: { alg } } }), bearer()],
  });
  handlers.set(alg, toNodeHandler(auth));
}

process.stdin.once("end", () => process.exit(0)).resume();
console.log(baseURL);

/** Better Auth on PostgreSQL. It creates its tables when it starts. */
import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import { jwt } from "better-auth/plugins";
import { edge } from "better-auth-edge/better-auth";
import { Pool } from "pg";

const { AUTH_URL, BETTER_AUTH_SECRET, DATABASE_URL, EDGE_URL, PORT = "3000" } = process.env;

const options = {
  baseURL: AUTH_URL,
  secret: BETTER_AUTH_SECRET,
  database: new Pool({ connectionString: DATABASE_URL }),
  emailAndPassword: { enabled: true },
  // against guessed passwords. The edge fetches the keys
  rateLimit: { enabled: true, customRules: { "/jwks": false } },
  advanced: { ipAddress: { ipAddressHeaders: ["x-client-address"] } },
  // the edge learns when a session ends
  plugins: [jwt(), edge({ edgeURL: EDGE_URL })],
};

const { runMigrations } = await getMigrations(options);
await runMigrations();
const handle = toNodeHandler(betterAuth(options));
const server = createServer((request, response) => {
  // behind a proxy, take the header in which it names the client's address
  request.headers["x-client-address"] = request.socket.remoteAddress;
  return handle(request, response);
}).listen(Number(PORT));
process.once("SIGTERM", () => server.close(() => process.exit()));

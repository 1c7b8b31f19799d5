/**
 * Runs a real Better Auth whose sessions another program reads. The argument is JSON: `database`
 * is a `file:` or `postgresql:` URL; `redisPort` stores the sessions in Redis; `snakeCase` and
 * `plural` rename columns and tables; `secure` prefixes the cookies. Prints its base URL, and ends
 * when its standard input closes. Addresses that begin with `admin` belong to administrators.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import { createClient } from "@libsql/client";
import { LibsqlDialect } from "@libsql/kysely-libsql";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import { admin, bearer, jwt, organization } from "better-auth/plugins";
import { Pool } from "pg";

const { database, redisPort, snakeCase, plural, secure } = JSON.parse(process.argv[2]);

let handle;
const server = createServer((request, response) => handle(request, response));
server.listen(0, "127.0.0.1");
await once(server, "listening");
const baseURL = `http://127.0.0.1:${server.address().port}`;

const names = (fields) => (snakeCase ? { fields } : {});
const options = {
  baseURL,
  secret: "a secret for tests, long enough to pass",
  database: database.startsWith("file:")
    ? { dialect: new LibsqlDialect({ client: createClient({ url: database }) }), type: "sqlite" }
    : new Pool({ connectionString: database }),
  // a real password hash takes most of the time of the tests
  emailAndPassword: {
    enabled: true,
    password: {
      hash: async (password) => password,
      verify: async ({ hash, password }) => hash === password,
    },
  },
  user: {
    ...(plural ? { modelName: "users" } : {}),
    additionalFields: {
      uuid: { type: "string", input: false, defaultValue: () => crypto.randomUUID() },
      plan: { type: "string", required: false, defaultValue: "free" },
      note: { type: "string", required: false, returned: false, defaultValue: "internal" },
    },
    deleteUser: { enabled: true },
    ...names({ emailVerified: "email_verified", createdAt: "created_at", updatedAt: "updated_at" }),
  },
  session: {
    ...(plural ? { modelName: "sessions" } : {}),
    ...names({
      userId: "user_id",
      expiresAt: "expires_at",
      createdAt: "created_at",
      updatedAt: "updated_at",
      ipAddress: "ip_address",
      userAgent: "user_agent",
    }),
  },
  advanced: { useSecureCookies: Boolean(secure), database: { validateSchema: false } },
  rateLimit: { enabled: false },
  databaseHooks: {
    user: {
      create: {
        before: async (user) => ({
          data: { ...user, role: user.email.startsWith("admin") ? "admin" : "user" },
        }),
      },
    },
  },
  plugins: [admin(), bearer(), jwt(), organization()],
};
if (redisPort) options.secondaryStorage = await redisStorage(redisPort);

const { runMigrations } = await getMigrations(options);
await runMigrations();
handle = toNodeHandler(betterAuth(options));

process.stdin.once("end", () => process.exit(0)).resume();
console.log(baseURL);

/** Better Auth's secondary storage in a Redis server, by RESP 2. */
async function redisStorage(port) {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  const waiting = [];
  let received = Buffer.alloc(0);
  socket.on("data", (data) => {
    received = Buffer.concat([received, data]);
    for (let reply = read(); reply; reply = read()) waiting.shift()(reply.value);
  });
  const read = () => {
    const end = received.indexOf("\r\n");
    if (end < 0) return null;
    const [kind, text] = [String.fromCharCode(received[0]), received.toString("utf8", 1, end)];
    const length = kind === "$" ? Number(text) : -1;
    const total = end + 2 + (length < 0 ? 0 : length + 2);
    if (received.length < total) return null;
    const value = length < 0 ? null : received.toString("utf8", end + 2, end + 2 + length);
    received = received.subarray(total);
    return { value: kind === "$" ? value : text };
  };
  const send = (...parts) =>
    new Promise((resolve) => {
      waiting.push(resolve);
      const encoded = parts.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`);
      socket.write(`*${parts.length}\r\n${encoded.join("")}`);
    });
  return {
    get: (key) => send("GET", key),
    set: (key, value, ttl) => send("SET", key, value, ...(ttl ? ["EX", String(ttl)] : [])),
    delete: (key) => send("DEL", key),
  };
}

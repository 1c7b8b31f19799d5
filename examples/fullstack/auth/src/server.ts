/** Serves Better Auth below /api/auth, on `node:http` alone. */
import { once } from "node:events";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import { type AddressInfo, isIPv6 } from "node:net";
import { toNodeHandler } from "better-auth/node";
import { createAuth } from "./auth.ts";
import { setClientAddress } from "./client-address.ts";
import { openDatabase } from "./database.ts";
import { readSettings, type Settings } from "./settings.ts";

try {
  await serve(readSettings(process.env));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

async function serve(settings: Settings): Promise<void> {
  const { host, secret, trustedOrigins, trustedProxies, cookieCache, edgeURL } = settings;

  let handleAuth: RequestListener = (_request, response) => {
    sendJSON(response, 503, { message: "Better Auth is starting" });
  };
  const server = createServer((request, response) => {
    if (request.url?.startsWith("/api/auth/")) handleAuth(request, response);
    else sendJSON(response, 404, { message: "Not found" });
  });

  const stop = () => process.exit(0);
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  // "close" alone is not enough: a file as standard input emits only "end"
  if (settings.exitWithParent) process.stdin.once("end", stop).once("close", stop).resume();

  // listen first: the system may choose the port, which is part of the tokens' issuer
  server.listen(settings.port, host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const address = `http://${isIPv6(host) ? `[${host}]` : host}:${port}`;

  const database = openDatabase(settings.databaseURL);
  const baseURL = settings.baseURL ?? address;
  const dependencies = {
    baseURL,
    secret,
    trustedOrigins,
    trustedProxies,
    cookieCache,
    edgeURL,
    demo: settings.demo,
    database,
  };
  const handle = toNodeHandler(await createAuth(dependencies));
  handleAuth = (request, response) => {
    setClientAddress(request, trustedProxies);
    handle(request, response).catch((error: unknown) => {
      console.error(error);
      if (response.headersSent) response.destroy();
      else sendJSON(response, 500, { message: "Internal server error" });
    });
  };

  console.log(`Better Auth listening on ${address}`);
}

function sendJSON(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

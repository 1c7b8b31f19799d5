import { type StatsListener, unwatchFile, watchFile } from "node:fs";
import type { Arguments, Command } from "../arguments.ts";
import { newSigningKey } from "../keygen.ts";
import { Edge, type EdgeConfig, Misconfigured } from "../serve/edge.ts";
import { dataOf, failed, nextSignal, portOf, requireData } from "../serve/index.ts";
import { settingsOf } from "../serve/settings.ts";
import { outputColors, print } from "../terminal.ts";
import {
  ConfigError,
  devVarsBeside,
  readWorkerConfig,
  type WorkerConfig,
} from "../worker-config.ts";
import { showLine } from "./decisions.ts";
import { readDevVars } from "./dev-vars.ts";

/** `dev`: the Worker on loopback, in front of a local API. */
export const dev: Command = {
  summary: "runs the Worker in front of an API on this machine, and shows each decision",
  options: {
    api: "value",
    auth: "value",
    config: "value",
    env: "value",
    port: "value",
    data: "value",
  },
  help: `Runs the Worker on loopback, in front of an API on this machine, and shows each decision.

The settings are those of wrangler.toml, if there is one, and of .dev.vars beside it, which win. A
change of either starts the Worker again.

Usage: better-auth-edge dev [--api <url> --auth <url>] [options]

Options
  --api <url>         the API: ORIGIN_URL
  --auth <url>        the Better Auth server: BETTER_AUTH_URL
  --config <file>     read this wrangler configuration
  --env <name>        read [env.<name>] of the configuration
  --port <port>       listen on this port (default: PORT, or 8787)
  --data <directory>  store ended sessions there; required for the binding REVOCATIONS
  -h, --help          show this help

Examples
  npx better-auth-edge dev --api http://localhost:8000 --auth http://localhost:3000
  npx better-auth-edge dev

Exit codes: 0 after Ctrl-C, 1 if the Worker cannot start, 2 if the command line is wrong.
`,
  run,
};

const HOST = "127.0.0.1";

/** Milliseconds between two looks at the files. */
const INTERVAL = 300;

async function run(args: Arguments): Promise<number> {
  const flags = { BETTER_AUTH_URL: args.url("auth")?.href, ORIGIN_URL: args.url("api")?.href };
  const port = portOf(args);
  const signal = nextSignal();
  const key = JSON.stringify(newSigningKey().privateJwk);
  let edge: Edge | undefined;
  let data: string | undefined;
  const files = () => {
    const config = readWorkerConfig(args.value("config"), args.value("env"));
    return { config, devVars: devVarsBeside(config.file) };
  };
  const start = async (edge: Edge) => {
    const { config, devVars } = files();
    const url = `http://localhost:${edge.port}`;
    const settings = settingsOf(config, {});
    Object.assign(settings, readDevVars(devVars));
    for (const [name, value] of Object.entries(flags)) if (value) settings[name] = value;
    const hasKey = Boolean(settings.EDGE_SIGNING_KEY);
    if (!hasKey) settings.EDGE_SIGNING_KEY = key;
    settings.EDGE_ISSUER ||= url;
    settings.LOG_LEVEL = "info";
    await edge.start(edgeConfig(config, settings, data), 5);
    announce(url, settings, hasKey);
  };
  let watched: string[] = [];
  try {
    const { config, devVars } = files();
    requireData(config, args.value("data"));
    data = await dataOf(args.value("data"));
    watched = [config.file ?? "wrangler.toml", devVars];
    edge = await Edge.listen(HOST, port, 1, showLine);
    await start(edge);
  } catch (error) {
    // an error in a file can be fixed while the command runs
    if (!edge || !isFixable(error)) {
      await edge?.stop(0);
      return failed(error);
    }
    failed(error);
  }
  const running = edge;
  const startAgain = serialized(async () => {
    print(outputColors.dim("a setting changed: the Worker starts again"));
    await start(running).catch(failed);
  });
  const restart: StatsListener = (now, before) => {
    // the first look at a file that does not exist counts as a change
    if (now.mtimeMs !== before.mtimeMs || now.size !== before.size) void startAgain();
  };
  for (const file of watched) watchFile(file, { interval: INTERVAL }, restart);
  await signal;
  for (const file of watched) unwatchFile(file, restart);
  await Promise.race([running.stop(5), nextSignal()]);
  return 0;
}

function isFixable(error: unknown): boolean {
  return error instanceof Misconfigured || error instanceof ConfigError;
}

function edgeConfig(
  { compatibilityDate, compatibilityFlags }: WorkerConfig,
  settings: Record<string, unknown>,
  data: string | undefined,
): EdgeConfig {
  const fixed = {
    trustsForwardedProto: false,
    hasTail: true,
    processes: 1,
    runsMisconfigured: false,
  };
  return { settings, compatibilityDate, compatibilityFlags, data, ...fixed };
}

/** Says where the edge is, and what FastAPI needs to trust it. */
function announce(url: string, settings: Record<string, unknown>, hasKey: boolean): void {
  const { BETTER_AUTH_URL, ORIGIN_URL } = settings;
  print(`${outputColors.bold("edge")}  ${url}`);
  print(`auth  ${BETTER_AUTH_URL}`);
  print(`API   ${ORIGIN_URL}`);
  const audience = URL.canParse(String(ORIGIN_URL)) ? new URL(String(ORIGIN_URL)).origin : "";
  print(
    `FastAPI: EDGE_JWKS_URL=${url} EDGE_ISSUER=${settings.EDGE_ISSUER} EDGE_AUDIENCE=${audience}`,
  );
  if (!hasKey) {
    print(
      "The edge signs with a temporary key. For one that stays:\n" +
        "  echo \"EDGE_SIGNING_KEY='$(npx better-auth-edge keygen)'\" >> .dev.vars",
    );
  }
}

/** Runs a task once at a time, and once more if it was called in the meantime. */
function serialized(task: () => Promise<void>): () => void {
  let isRunning = false;
  let isCalled = false;
  return async () => {
    isCalled = true;
    if (isRunning) return;
    isRunning = true;
    while (isCalled) {
      isCalled = false;
      await task();
    }
    isRunning = false;
  };
}

import { existsSync, type StatsListener, unwatchFile, watchFile } from "node:fs";
import type { Arguments, Command } from "../arguments.ts";
import { withoutQuery } from "../http.ts";
import { packageManager } from "../init/detect/package-manager.ts";
import { Folder } from "../init/folder.ts";
import { newSigningKey } from "../keygen.ts";
import { shellLine } from "../quote.ts";
import { Edge, type EdgeConfig, Misconfigured } from "../serve/edge.ts";
import { dataOf, failed, nextSignal, portOf, requireData, stop } from "../serve/index.ts";
import { missingIn, settingsOf } from "../serve/settings.ts";
import { outputColors, print } from "../terminal.ts";
import {
  COMPATIBILITY_DATE,
  CONFIG_FILES,
  ConfigError,
  devVarsBeside,
  readWorkerConfig,
  type WorkerConfig,
} from "../worker-config.ts";
import { expectStart, showLine } from "./decisions.ts";
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
  outlivesReader: true,
  run,
};

/** Both loopback addresses: cookies, origins and issuers of the documents name this host. */
const HOST = "localhost";

/** Milliseconds between two looks at the files. */
const INTERVAL = 300;

async function run(args: Arguments): Promise<number> {
  const flags = { BETTER_AUTH_URL: args.url("auth")?.href, ORIGIN_URL: args.url("api")?.href };
  const port = portOf(args);
  const end = Promise.race([nextSignal(), readerEnd()]);
  const key = JSON.stringify(newSigningKey().privateJwk);
  const own = args.value("config");
  const files = own === undefined ? CONFIG_FILES : [own];
  const watched = [...files, devVarsBeside(own)];
  let edge: Edge;
  let data: string | undefined;
  try {
    const isNamed = flags.BETTER_AUTH_URL && flags.ORIGIN_URL;
    if (own === undefined && !isNamed && !watched.some(existsSync)) {
      throw new ConfigError(nothing());
    }
    data = await dataOf(args.value("data"));
    edge = await Edge.listen(HOST, port, 1, showLine);
  } catch (error) {
    return failed(error);
  }
  let isRejecting = false;
  const start = async () => {
    const config = readWorkerConfig(own, args.value("env"));
    const settings = settingsOf(config, {});
    Object.assign(settings, readDevVars(devVarsBeside(config.file)));
    for (const [name, value] of Object.entries(flags)) if (value) settings[name] = value;
    const url = `http://localhost:${edge.port}`;
    const hasKey = Boolean(settings.EDGE_SIGNING_KEY);
    if (!hasKey) settings.EDGE_SIGNING_KEY = key;
    settings.EDGE_ISSUER ||= url;
    settings.LOG_LEVEL = "info";
    requireData(config, data);
    expectStart();
    await edge.start(edgeConfig(config, settings, data), 5);
    if (isRejecting) print(outputColors.green("the settings are valid again"));
    isRejecting = false;
    announce(url, settings, hasKey);
    const { errors, warnings } = missingIn(config);
    for (const text of [...errors, ...warnings]) {
      print(outputColors.yellow(`${config.file}: ${text}`));
    }
  };
  // a Worker without settings responds as one with wrong settings, and its requests are shown
  const reject = () =>
    edge.start(edgeConfig(EMPTY, {}, undefined), 5).catch(async (error) => {
      if (!(error instanceof Misconfigured)) await edge.fail(5);
    });
  // an error can be fixed while the command runs
  const tryToStart = () =>
    start().catch(async (error) => {
      if (edge.isStopped) return;
      failed(error);
      isRejecting = true;
      if (!(error instanceof Misconfigured)) await reject();
      if (edge.isStopped) return;
      print(`http://localhost:${edge.port} responds with 500 misconfigured until a file changes`);
    });
  const startOnce = serialized(tryToStart);
  const restart: StatsListener = (now, before) => {
    // the first look at a file that does not exist counts as a change
    if (now.mtimeMs === before.mtimeMs && now.size === before.size) return;
    print(outputColors.dim("a setting changed: the Worker starts again"));
    void startOnce();
  };
  for (const file of watched) watchFile(file, { interval: INTERVAL }, restart);
  await Promise.race([startOnce(), end]);
  await end;
  for (const file of watched) unwatchFile(file, restart);
  await stop(edge, 5);
  return 0;
}

/** Resolves when the output has no reader any more, as after the end of `head`. */
function readerEnd(): Promise<void> {
  return new Promise((resolve) => process.stdout.on("error", () => resolve()));
}

/** There are no settings at all. */
function nothing(): string {
  const init = packageManager(new Folder("."), "").run(["better-auth-edge", "init"]);
  return `wrangler.toml does not exist here: create it with ${init}, or name the servers with --api and --auth`;
}

/** A configuration without settings. */
const EMPTY = { compatibilityDate: COMPATIBILITY_DATE, compatibilityFlags: [] };

function edgeConfig(
  {
    compatibilityDate,
    compatibilityFlags,
  }: Pick<WorkerConfig, "compatibilityDate" | "compatibilityFlags">,
  settings: Record<string, unknown>,
  data: string | undefined,
): EdgeConfig {
  const fixed = {
    trustsForwardedProto: false,
    hasTail: true,
    processes: 1,
    runsMisconfigured: true,
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
  print(`why a token is rejected: ${verifyCommand(settings)} < token.txt`);
  if (String(settings.JWKS_URL ?? "").includes("?")) {
    print("  Add the query of JWKS_URL, which is not shown: it may contain a secret");
  }
  if (!hasKey) {
    print(
      "The edge signs with a temporary key. For one that stays:\n" +
        "  echo \"EDGE_SIGNING_KEY='$(npx better-auth-edge keygen)'\" >> .dev.vars",
    );
  }
}

/** The command that judges a token by the same settings. */
function verifyCommand(settings: Record<string, unknown>): string {
  const options = Object.entries(VERIFY_OPTIONS).flatMap(([setting, option]) => {
    const value = settings[setting];
    if (typeof value !== "string" || value === "") return [];
    return [option, setting === "JWKS_URL" ? withoutQuery(value) : value];
  });
  return shellLine(["npx", "better-auth-edge", "verify", ...options]);
}

const VERIFY_OPTIONS = {
  BETTER_AUTH_URL: "--base-url",
  JWKS_URL: "--jwks-url",
  ISSUER: "--issuer",
  AUDIENCE: "--audience",
  ALGORITHMS: "--algorithms",
  PROFILE: "--profile",
  USER_CLAIM: "--user-claim",
  CLOCK_TOLERANCE: "--clock-tolerance",
  MAX_TOKEN_AGE: "--max-token-age",
};

/** Runs a task once at a time, and once more if it was called in the meantime. */
function serialized(task: () => Promise<void>): () => Promise<void> {
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

/** The Worker's settings: the variables of its configuration, and those of the environment. */
import type { WorkerConfig } from "../worker-config.ts";

/** The names of the Worker's settings. The build inserts them. */
declare const SETTING_NAMES: readonly string[];

/** The binding of the store of ended sessions. */
export const STORE = "REVOCATIONS";

/** Settings by their names: texts, and values of TOML or JSON. */
export type Settings = Record<string, unknown>;

/**
 * The settings of a configuration, with those of the environment in place of its own.
 *
 * The Worker rejects a name that resembles a setting's, so it also receives the names of all other
 * variables of the environment, without their values.
 */
export function settingsOf({ vars }: WorkerConfig, environment: NodeJS.ProcessEnv): Settings {
  const settings: Settings = {};
  for (const [name, value] of Object.entries(environment)) {
    const isOther = !SETTING_NAMES.includes(name) && IS_NAME.test(name) && !FOREIGN.test(name);
    if (isOther && value !== undefined) settings[name] = "";
  }
  return { ...settings, ...vars, ...settingsAmong(environment) };
}

function settingsAmong(environment: NodeJS.ProcessEnv): Settings {
  const isSetting = ([name, value]: [string, unknown]) => SETTING_NAMES.includes(name) && value;
  return Object.fromEntries(Object.entries(environment).filter(isSetting));
}

const IS_NAME = /^[A-Za-z][A-Za-z0-9_]*$/;
/**
 * Variables that the operator does not choose: npm's, and those that Kubernetes and Docker make
 * from the names of services. A variable cannot be one of the bindings either.
 */
const FOREIGN =
  /^npm_|_(SERVICE_HOST|SERVICE_PORT|PORT)(_\w+)?$|^(ANALYTICS|AUTH|JWKS_KV|ORIGIN|RATE_LIMIT_REJECTED|RATE_LIMIT_USER|REVOCATIONS|REVOCATIONS_KV)$/;

/** What a configuration has that only Cloudflare has. */
export interface Missing {
  /** Bindings without which the edge is less strict. */
  errors: string[];
  /** What the edge does without. */
  warnings: string[];
}

/** Rate limits and the store of ended sessions, by a name or a type that wrangler does not have. */
const STRICT = /^rate_?limit|\bRATE_LIMIT_\w+$|\bREVOCATIONS\w*$/i;
const UNKNOWN = "is not a binding that the edge knows: see docs/configuration.md for its form";

/** Finds what a configuration has and a local process does not. */
export function missingIn({ bindings, others }: WorkerConfig): Missing {
  const errors: string[] = [];
  const warnings: string[] = [];
  for (const { name, kind } of bindings) {
    const error = kind === "ratelimits" ? LIMIT : REQUIRED[`${kind} ${name}`];
    const warning = OPTIONAL[`${kind} ${name}`];
    if (error) errors.push(`${name} ${error}`);
    if (warning) warnings.push(`${name} ${warning}`);
  }
  for (const name of others) {
    // the edge would be less strict than the operator believes
    if (STRICT.test(name)) errors.push(`${name} ${UNKNOWN}`);
    else warnings.push(`${name} has no effect here: only Cloudflare has it`);
  }
  return { errors, warnings };
}

const LIMIT =
  "is a rate limit of Cloudflare: limit requests in the proxy in front, and remove the binding, for example in an environment that --env names";
const REQUIRED: Record<string, string> = {
  "kv_namespaces REVOCATIONS_KV": `is a KV namespace of Cloudflare: bind ${STORE} in its place`,
};
const OPTIONAL: Record<string, string> = {
  "kv_namespaces JWKS_KV":
    "is a KV namespace of Cloudflare: each process keeps keys in its memory only",
  "services AUTH": "is a service of Cloudflare: requests go to BETTER_AUTH_URL over the network",
  "services ORIGIN": "is a service of Cloudflare: requests go to ORIGIN_URL over the network",
  "analytics_engine_datasets ANALYTICS": "is a dataset of Cloudflare: no data points are written",
  "assets assets": "are files at Cloudflare: this process serves none, such as the inspector",
};

/** Reads what `wrangler.toml`, `wrangler.json` and `wrangler.jsonc` say about the Worker. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse as parseToml } from "smol-toml";

/** The compatibility date of the packed Worker: of a new configuration, or one that has none. */
export const COMPATIBILITY_DATE = "2026-11-01";

/** What a Worker's configuration says, as far as the edge uses it. */
export interface WorkerConfig {
  /** The file; `undefined` if it does not exist. */
  file: string | undefined;
  /** `[vars]`: texts, and the values of TOML or JSON. */
  vars: Record<string, unknown>;
  compatibilityDate: string;
  compatibilityFlags: string[];
  /** The names of the bindings that the edge knows, with the kind of each. */
  bindings: Binding[];
  /** What else the file has that only Cloudflare can carry out, such as `d1_databases`. */
  others: string[];
}

/** A binding, such as `JWKS_KV` of the kind `kv_namespaces`. */
export interface Binding {
  name: string;
  kind: BindingKind;
}

type BindingKind = (typeof BINDING_KINDS)[number] | "durable_objects" | "assets";

/** A configuration that cannot be used. The message names the file, and no value. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

/** The names of wrangler's configuration, in its order: it reads the first one. */
export const CONFIG_FILES = ["wrangler.json", "wrangler.jsonc", "wrangler.toml"];
const BINDING_KINDS = [
  "kv_namespaces",
  "services",
  "analytics_engine_datasets",
  "ratelimits",
] as const;

/** Keys that are read here, or that matter only for a deployment. */
const OTHER_KEYS = new Set(
  `$schema account_id alias assets base_dir build cloudchamber compatibility_date compatibility_flags
  compliance_region containers define dev durable_objects env find_additional_modules
  first_party_worker jsx_factory jsx_fragment keep_names keep_vars legacy_env main migrations minify
  name no_bundle observability placement preserve_file_names preview_urls route routes rules
  send_metrics topLevelName tsconfig unsafe upload_source_maps vars workers_dev`.split(/\s+/),
);

/**
 * Reads a Worker's configuration.
 *
 * @param file the file; by default the `wrangler.*` of the current directory, if there is one
 * @param environment the name of a wrangler environment, which inherits neither variables nor
 *   bindings
 * @throws {ConfigError} if the file cannot be read or has another form
 */
export function readWorkerConfig(file?: string, environment?: string): WorkerConfig {
  const path = file ?? CONFIG_FILES.find((name) => existsSync(name));
  if (path === undefined) {
    if (environment) throw new ConfigError("--env names an environment, but no file defines one");
    return fromTable(undefined, {}, {});
  }
  const root = parse(path, file === undefined || isFileName(file) ? path : "the file of --config");
  if (environment === undefined) return fromTable(path, root, root);
  const section = tableOf(path, root, "env")[environment];
  // not repeated: it may be a setting, as in Docker's `--env NAME=value`
  if (!isTable(section)) throw new ConfigError(`${path} has no environment of the name in --env`);
  return fromTable(path, root, section);
}

/** The path of `.dev.vars` beside a configuration, or in the current directory. */
export function devVarsBeside(file: string | undefined): string {
  return file === undefined ? ".dev.vars" : join(file, "..", ".dev.vars");
}

/** Whether a message may repeat the value of `--config`. It may be a URL with a password. */
function isFileName(text: string): boolean {
  return /^[\w./-]+\.(toml|jsonc?)$/.test(text);
}

type Table = Record<string, unknown>;

/** @param name what a message calls a file that cannot be read */
function parse(path: string, name: string): Table {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new ConfigError(`cannot read ${name} (${(error as NodeJS.ErrnoException).code})`);
  }
  try {
    const value: unknown = path.endsWith(".toml") ? parseToml(text) : JSON.parse(plainJson(text));
    if (isTable(value)) return value;
  } catch (error) {
    throw new ConfigError(`${path} cannot be parsed${placeOf(error, text)}`);
  }
  throw new ConfigError(`${path} is not an object`);
}

/**
 * The place of a syntax error, and the reason if the parser names one. The rest of its message
 * repeats lines, which may contain a secret.
 */
function placeOf(error: unknown, text: string): string {
  const { line, column, message } = error as { line?: number; column?: number; message: string };
  const [reason = ""] = /(?<=^Invalid TOML document)(: [a-z -]+){1,2}$/m.exec(message) ?? [];
  if (line === undefined) {
    const [, position] = /position (\d+)/.exec(message) ?? [];
    return position === undefined ? "" : `: see line ${lineAt(text, Number(position))}`;
  }
  const start = brokenEntry(text);
  if (line === start) return `: see line ${line}, column ${column}${reason}`;
  // the parser looks for the end of a value in all that follows
  const isAtEnd = line >= lineAt(text.trimEnd());
  const place = isAtEnd ? "" : `; the error shows in line ${line}, column ${column}`;
  return `: see line ${start}${place}${reason}`;
}

function lineAt(text: string, end = text.length): number {
  return text.slice(0, end).split("\n").length;
}

/** The line in which the first entry of a TOML file begins that cannot be parsed. */
function brokenEntry(text: string): number {
  const lines = text.split("\n");
  const isToml = (end: number) => {
    try {
      return parseToml(lines.slice(0, end).join("\n")) !== undefined;
    } catch {
      return false;
    }
  };
  let end = lines.length;
  while (end > 0 && !isToml(end)) end--;
  const isEntry = (line: string) => /^\s*[^\s#]/.test(line);
  return end + lines.slice(end).findIndex(isEntry) + 1;
}

/** JSON without the comments and trailing commas of JSONC. */
function plainJson(text: string): string {
  const string = String.raw`"(?:\\.|[^"\\])*"`;
  const comments = new RegExp(String.raw`(${string})|//[^\n]*|/\*[^]*?\*/`, "g");
  const commas = new RegExp(String.raw`(${string})|,(?=\s*[}\]])`, "g");
  // each character keeps its line
  const kept = (all: string, found?: string) => found ?? all.replace(/[^\n]/g, " ");
  return text.replace(comments, kept).replace(commas, kept);
}

/** @param root where wrangler's inheritable keys are */
function fromTable(file: string | undefined, root: Table, section: Table): WorkerConfig {
  const date = section.compatibility_date ?? root.compatibility_date ?? COMPATIBILITY_DATE;
  if (typeof date !== "string" && !(date instanceof Date)) {
    throw new ConfigError(`${file}: compatibility_date is not a date`);
  }
  const flags = section.compatibility_flags ?? root.compatibility_flags ?? [];
  if (!Array.isArray(flags) || !flags.every((flag) => typeof flag === "string")) {
    throw new ConfigError(`${file}: compatibility_flags is not a list of texts`);
  }
  return {
    file,
    vars: tableOf(file, section, "vars"),
    compatibilityDate: typeof date === "string" ? date : date.toISOString().slice(0, 10),
    compatibilityFlags: flags,
    bindings: bindingsOf(file, root, section),
    others: othersIn(file, section),
  };
}

/** The names of keys and bindings that the edge does not know. */
function othersIn(file: string | undefined, section: Table): string[] {
  const known = [...OTHER_KEYS, ...BINDING_KINDS];
  const keys = Object.keys(section).filter((key) => !known.includes(key));
  const objects = listOf(
    file,
    "durable_objects",
    tableOf(file, section, "durable_objects").bindings,
  );
  const others = objects.filter(({ name }) => name !== "REVOCATIONS");
  const { bindings: unsafe, ...rest } = tableOf(file, section, "unsafe");
  return [
    ...keys,
    ...others.map(({ name }) => `durable_objects ${name}`),
    ...listOf(file, "unsafe", unsafe)
      .filter((entry) => !isRateLimit(entry))
      .map(({ name, type }) => `unsafe ${type} ${name}`),
    ...Object.keys(rest).map((key) => `unsafe.${key}`),
  ];
}

/** Whether an unsafe binding is a rate limit, in the form of older versions of wrangler. */
function isRateLimit({ type }: Table): boolean {
  return type === "ratelimit";
}

function bindingsOf(file: string | undefined, root: Table, section: Table): Binding[] {
  const named = (kind: BindingKind, entries: Table[]): Binding[] =>
    entries.flatMap((entry) => {
      const name = entry.binding ?? entry.name;
      if (typeof name === "string") return [{ name, kind }];
      return kind === "ratelimits" ? [{ name: "a rate limit without a name", kind }] : [];
    });
  const objects = listOf(
    file,
    "durable_objects",
    tableOf(file, section, "durable_objects").bindings,
  );
  const unsafe = listOf(file, "unsafe", tableOf(file, section, "unsafe").bindings);
  const found = BINDING_KINDS.flatMap((kind) => named(kind, listOf(file, kind, section[kind])));
  found.push(...named("ratelimits", unsafe.filter(isRateLimit)));
  found.push(...named("durable_objects", objects));
  const store = objects.find(({ name }) => name === "REVOCATIONS");
  if (store && (store.class_name !== "Revocations" || store.script_name !== undefined)) {
    throw new ConfigError(`${file}: REVOCATIONS is not bound to the class Revocations`);
  }
  // an inheritable key
  if ((section.assets ?? root.assets) !== undefined) found.push({ name: "assets", kind: "assets" });
  return found;
}

/** The tables of a list. */
function listOf(file: string | undefined, name: string, list: unknown): Table[] {
  if (list === undefined) return [];
  if (!Array.isArray(list)) throw new ConfigError(`${file}: ${name} is not a list`);
  return list.filter(isTable);
}

function tableOf(file: string | undefined, table: Table, name: string): Table {
  const value = table[name] ?? {};
  if (!isTable(value)) throw new ConfigError(`${file}: ${name} is not a table`);
  return value;
}

function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

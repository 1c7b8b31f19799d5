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
  const root = parse(path);
  if (environment === undefined) return fromTable(path, root, root);
  const section = tableOf(path, root, "env")[environment];
  if (!isTable(section)) throw new ConfigError(`${path} has no environment ${environment}`);
  return fromTable(path, root, section);
}

/** The path of `.dev.vars` beside a configuration, or in the current directory. */
export function devVarsBeside(file: string | undefined): string {
  return file === undefined ? ".dev.vars" : join(file, "..", ".dev.vars");
}

type Table = Record<string, unknown>;

function parse(path: string): Table {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new ConfigError(`cannot read ${path} (${(error as NodeJS.ErrnoException).code})`);
  }
  try {
    const value: unknown = path.endsWith(".toml") ? parseToml(text) : JSON.parse(plainJson(text));
    if (isTable(value)) return value;
  } catch (error) {
    throw new ConfigError(`${path} cannot be parsed${placeOf(error)}`);
  }
  throw new ConfigError(`${path} is not an object`);
}

/** The place of a syntax error. The message itself repeats lines, which may contain a secret. */
function placeOf(error: unknown): string {
  const { line, column } = error as { line?: unknown; column?: unknown };
  return typeof line === "number" ? `: see line ${line}, column ${column}` : "";
}

/** JSON without the comments and trailing commas of JSONC. */
function plainJson(text: string): string {
  const string = String.raw`"(?:\\.|[^"\\])*"`;
  const comments = new RegExp(String.raw`(${string})|//[^\n]*|/\*[^]*?\*/`, "g");
  const commas = new RegExp(String.raw`(${string})|,(?=\s*[}\]])`, "g");
  const kept = (_: string, found: string | undefined) => found ?? " ";
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
  };
}

function bindingsOf(file: string | undefined, root: Table, section: Table): Binding[] {
  const named = (kind: BindingKind, list: unknown): Binding[] => {
    if (list === undefined) return [];
    if (!Array.isArray(list)) throw new ConfigError(`${file}: ${kind} is not a list`);
    return list.filter(isTable).flatMap((entry) => {
      const name = entry.binding ?? entry.name;
      return typeof name === "string" ? [{ name, kind }] : [];
    });
  };
  const objects = tableOf(file, section, "durable_objects").bindings;
  const found = BINDING_KINDS.flatMap((kind) => named(kind, section[kind]));
  found.push(...named("durable_objects", objects));
  const store = (Array.isArray(objects) ? objects : []).find(
    (entry) => isTable(entry) && entry.name === "REVOCATIONS",
  );
  if (store && (store.class_name !== "Revocations" || store.script_name !== undefined)) {
    throw new ConfigError(`${file}: REVOCATIONS is not bound to the class Revocations`);
  }
  // an inheritable key
  if ((section.assets ?? root.assets) !== undefined) found.push({ name: "assets", kind: "assets" });
  return found;
}

function tableOf(file: string | undefined, table: Table, name: string): Table {
  const value = table[name] ?? {};
  if (!isTable(value)) throw new ConfigError(`${file}: ${name} is not a table`);
  return value;
}

function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

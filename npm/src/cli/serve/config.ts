/** Writes the configuration of workerd (Cap'n Proto). It contains no value of a setting. */
import { readFileSync } from "node:fs";
import tls from "node:tls";
import { REMOTE_STORE, SETTING, STORE_SERVER, TAIL } from "./modules.ts";
import { type Settings, STORE } from "./settings.ts";

/** A process of workerd with the Worker. */
export interface ProcessConfig {
  settings: Settings;
  compatibilityDate: string;
  compatibilityFlags: string[];
  /** The path of the Unix socket on which the process accepts connections of the parent. */
  socket: string;
  /** Whether the header `X-Forwarded-Proto` says how the client reached the proxy in front. */
  trustsForwardedProto: boolean;
  /** The store of ended sessions, if there is one. */
  store: Store | undefined;
  /** Whether the process prints what each request and its response were. */
  hasTail: boolean;
}

/** The store: this process has it, in `directory`, or another process has it. */
export interface Store {
  /** The path of the Unix socket of the store. */
  socket: string;
  /** The directory of the databases. Without it, another process has them. */
  directory?: string;
}

/** The text of the configuration. The files of the Worker are beside it. */
export function configText(config: ProcessConfig): string {
  const { compatibilityDate, compatibilityFlags, socket, store, hasTail } = config;
  const mark = config.trustsForwardedProto ? ', value = "1"' : "";
  const date = `compatibilityDate = ${quoted(compatibilityDate)}`;
  const owner = store?.directory === undefined ? undefined : store;
  const services = [
    '(name = "edge", worker = .edge)',
    `(name = "internet", network = (allow = ["public", "private"], tlsOptions = (trustedCertificates = ${list(certificates().map(quoted))})))`,
    owner &&
      `(name = "objects", disk = (path = ${quoted(owner.directory ?? "")}, writable = true))`,
    owner &&
      `(name = "store", worker = (modules = [(name = "store.js", esModule = ${quoted(STORE_SERVER)})], ${date}, bindings = [(name = "objects", durableObjectNamespace = (className = "Revocations", serviceName = "edge"))]))`,
    store &&
      !owner &&
      `(name = "store", external = (address = ${quoted(`unix:${store.socket}`)}, http = ()))`,
    hasTail &&
      `(name = "tail", worker = (modules = [(name = "tail.js", esModule = ${quoted(TAIL)})], ${date}))`,
  ];
  const sockets = [
    `(name = "http", address = ${quoted(`unix:${socket}`)}, http = (injectRequestHeaders = [(name = "${MARK}"${mark})]), service = "edge")`,
    owner &&
      `(name = "store", address = ${quoted(`unix:${owner.socket}`)}, http = (), service = "store")`,
  ];
  const extensions = [
    `(name = "edge:setting", internal = true, esModule = ${quoted(SETTING)})`,
    `(name = "edge:store", internal = true, esModule = ${quoted(REMOTE_STORE)})`,
  ];
  const objects = `durableObjectNamespaces = [(className = "Revocations", uniqueKey = "better-auth-edge-Revocations", enableSql = true)],
  durableObjectStorage = (localDisk = "objects"),`;
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = ${list(services)},
  sockets = ${list(sockets)},
  extensions = [(modules = ${list(extensions)})],
  logging = (structuredLogging = true),
);
const edge :Workerd.Worker = (
  modules = [(name = "index.js", esModule = embed "index.js"), (name = "index_bg.wasm", wasm = embed "index_bg.wasm")],
  ${date},
  compatibilityFlags = ${list(compatibilityFlags.map(quoted))},
  bindings = ${list(bindings(config))},
  globalOutbound = "internet",
  ${owner ? objects : ""}
  ${hasTail ? 'tails = ["tail"],' : ""}
);
`;
}

/**
 * Tells the Worker to take the scheme of the URL from `X-Forwarded-Proto`. workerd removes the
 * header that a client sends, also where it adds none. Its own `forwardedProtoHeader` would put any
 * text in front of the URL.
 */
const MARK = "X-Edge-Scheme-By-Proxy";

/**
 * The environment of the process: the settings, as JSON. workerd reads them from there, so that no
 * file and no argument contains a secret.
 */
export function environmentOf(settings: Settings): Record<string, string> {
  const values = Object.values(settings).map((value) => JSON.stringify(value) ?? "null");
  return Object.fromEntries(values.map((value, index) => [variable(index), value]));
}

function bindings({ settings, store }: ProcessConfig): string[] {
  const bound = Object.keys(settings).map((name, index) => {
    const inner = `(name = "value", fromEnvironment = ${quoted(variable(index))})`;
    return wrapped(name, "edge:setting", inner);
  });
  if (store?.directory !== undefined) {
    bound.push(`(name = "${STORE}", durableObjectNamespace = "Revocations")`);
  } else if (store) {
    bound.push(wrapped(STORE, "edge:store", '(name = "service", service = "store")'));
  }
  return bound;
}

function variable(index: number): string {
  return `BETTER_AUTH_EDGE_SETTING_${index}`;
}

function wrapped(name: string, module: string, inner: string): string {
  return `(name = ${quoted(name)}, wrapped = (moduleName = "${module}", innerBindings = [${inner}]))`;
}

function list(parts: (string | false | undefined)[]): string {
  return `[\n    ${parts.filter(Boolean).join(",\n    ")}]`;
}

/** A text literal of Cap'n Proto, which does not know JSON's `\u` for control characters. */
export function quoted(text: string): string {
  const plain = text.replace(/["\\]/g, "\\$&");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are escaped
  return `"${plain.replace(/[\x00-\x1f\x7f]/g, escaped)}"`;
}

function escaped(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

/**
 * The certificate authorities that Node trusts: the same on every machine, with those that
 * `NODE_EXTRA_CA_CERTS` names.
 */
function certificates(): string[] {
  // Node 20 has no function for it
  if (typeof tls.getCACertificates === "function") return tls.getCACertificates("default");
  const extra = process.env.NODE_EXTRA_CA_CERTS;
  return extra ? [...tls.rootCertificates, readFileSync(extra, "utf8")] : [...tls.rootCertificates];
}

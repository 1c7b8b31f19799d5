/**
 * Starts the services of a Compose file as processes on loopback: `docker compose up --wait`, where
 * no container engine is at hand. It knows what the example uses, and fails for anything else.
 */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { parse } from "yaml";
import { postgresServer } from "./database-servers.ts";
import { buildImage, type Image } from "./docker.image.ts";
import { closedUrl } from "./servers.ts";
import { type Running, shell, shellServer } from "./shell.process.ts";

/** Running services. */
export interface Composition extends AsyncDisposable {
  /** Names on this machine in place of the services' names and published ports. */
  localize(text: string): string;
  /** What the services have printed so far. */
  log(): string;
}

interface Service {
  build?: string | { context: string; dockerfile: string };
  image?: string;
  ports?: string[];
  environment: Record<string, string>;
  volumes?: string[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[]; interval: string };
  restart: string;
}

const MEMBERS = /^(build|image|ports|environment|volumes|depends_on|healthcheck|restart)$/;

/**
 * Builds and starts all services.
 *
 * @param context the directory of compose.yaml and `.env`
 * @param images a directory for the images
 * @param env the environment of the builds; services receive only its PATH and HOME
 */
export async function composeUp(
  context: string,
  images: string,
  env: NodeJS.ProcessEnv,
): Promise<Composition> {
  const services = await readServices(context);
  const ports = await mapPorts(services);
  const localize = (text: string) =>
    text
      .replace(/\b(\w+):(\d+)\b/g, (whole, host, port) => {
        const local = ports.get(`${host}:${port}`);
        return local === undefined ? whole : `127.0.0.1:${local}`;
      })
      .replaceAll("0.0.0.0", "127.0.0.1");
  const running: Running[] = [];
  const stop = async () => {
    for (const each of running.reverse()) await each[Symbol.asyncDispose]();
  };
  try {
    for (const name of inOrder(services)) {
      const service = services[name] as Service;
      const port = ports.get(name) ?? 0;
      if (service.image) {
        running.push(await startDatabase(service, port, env));
      } else {
        const image = await build(context, join(images, name), service, env);
        running.push(await startService(image, service, port, localize));
      }
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const log = () => running.map((each) => each.log()).join("");
  return { localize, log, [Symbol.asyncDispose]: stop };
}

async function readServices(context: string): Promise<Record<string, Service>> {
  const variables = parseEnv(await readFile(join(context, ".env"), "utf8"));
  const text = await readFile(join(context, "compose.yaml"), "utf8");
  const { services, volumes, ...others } = parse(text);
  if (Object.keys(others).length > 0) throw new Error(`compose.yaml: ${Object.keys(others)}`);
  for (const [name, service] of Object.entries<Service>(services)) {
    const unknown = Object.keys(service).filter((member) => !MEMBERS.test(member));
    if (unknown.length > 0) throw new Error(`${name}: ${unknown}`);
    for (const volume of service.volumes ?? []) {
      if (!(volume.replace(/:.*/, "") in volumes)) throw new Error(`${name}: ${volume}`);
    }
    for (const [key, value] of Object.entries(service.environment)) {
      service.environment[key] = value.replace(/\$\{(\w+):\?\}/g, (_, variable) => {
        const given = variables[variable];
        if (!given) throw new Error(`required variable ${variable} is missing a value`);
        return given;
      });
    }
  }
  return services;
}

/** A free port for each service: `name`, `name:port` and, if it is published, `localhost:port`. */
async function mapPorts(services: Record<string, Service>): Promise<Map<string, number>> {
  const texts = JSON.stringify(services);
  const ports = new Map<string, number>();
  for (const [name, { ports: published = [] }] of Object.entries(services)) {
    const free = Number(new URL(await closedUrl()).port);
    ports.set(name, free);
    for (const [whole] of texts.matchAll(new RegExp(`\\b${name}:\\d+\\b`, "g"))) {
      ports.set(whole, free);
    }
    for (const mapping of published) {
      const [, outer, inner] = /^127\.0\.0\.1:(\d+):(\d+)$/.exec(mapping) ?? [];
      if (!ports.has(`${name}:${inner}`)) throw new Error(`${name} does not listen on ${inner}`);
      ports.set(`localhost:${outer}`, free);
    }
  }
  return ports;
}

/** The names of the services, each after those that it waits for. */
function inOrder(services: Record<string, Service>, found: string[] = []): string[] {
  const isNext = ([name, { depends_on = {} }]: [string, Service]) => {
    const isHealthy = Object.values(depends_on).every((it) => it.condition === "service_healthy");
    if (!isHealthy) throw new Error(`${name} does not wait for the health of another service`);
    return !found.includes(name) && Object.keys(depends_on).every((other) => found.includes(other));
  };
  const next = Object.entries(services).filter(isNext);
  const all = [...found, ...next.map(([name]) => name)];
  if (all.length === Object.keys(services).length) return all;
  if (next.length === 0) throw new Error("services wait for each other");
  return inOrder(services, all);
}

async function build(
  context: string,
  directory: string,
  { build = "" }: Service,
  env: NodeJS.ProcessEnv,
): Promise<Image> {
  const at = typeof build === "string" ? { context: build, dockerfile: "Dockerfile" } : build;
  await mkdir(directory, { recursive: true });
  return buildImage(join(context, at.context), at.dockerfile, directory, env);
}

/** Starts PostgreSQL as its official image does, and runs the check of its health. */
async function startDatabase(
  { image, environment, healthcheck }: Service,
  port: number,
  env: NodeJS.ProcessEnv,
): Promise<Running> {
  const { POSTGRES_USER: user, POSTGRES_DB: database, POSTGRES_PASSWORD: password } = environment;
  const [kind, check] = healthcheck?.test ?? [];
  if (!image?.startsWith("postgres:") || !user || !database || !password) {
    throw new Error(`${image} is not the PostgreSQL of the example`);
  }
  if (kind !== "CMD-SHELL" || !check) throw new Error(`${image} has no check of its health`);
  const server = await postgresServer({ user, database, password, port });
  const PATH = `${server.programs}:${env.PATH}`;
  const place = { cwd: "/", env: { PATH, PGHOST: "127.0.0.1", PGPORT: `${port}` } };
  await shell(place, check);
  return { log: () => "", [Symbol.asyncDispose]: server.close };
}

/** Starts the service's process, and waits until the image's check of its health passes. */
async function startService(
  { directory, env, command, healthcheck }: Image,
  { environment }: Service,
  port: number,
  localize: (text: string) => string,
): Promise<Running> {
  const settings = Object.entries(environment).map(([name, value]) => [name, localize(value)]);
  const { PATH, HOME } = env;
  const own = { PATH, HOME, PORT: `${port}`, UVICORN_PORT: `${port}`, NO_PROXY: "127.0.0.1" };
  const place = { cwd: directory, env: { ...own, ...Object.fromEntries(settings) } };
  const check = healthcheck.map((word) => word.replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${port}`));
  const isHealthy = () =>
    shell(place, line(check)).then(
      () => true,
      () => false,
    );
  return shellServer(place, line(command.map(localize)), isHealthy);
}

/** A command line of words. */
function line(words: string[]): string {
  return words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
}

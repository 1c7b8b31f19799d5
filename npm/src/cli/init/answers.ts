import { type Arguments, readUrl, UsageError } from "../arguments.ts";
import { isLocal } from "../doctor/advice.ts";
import type { Project } from "./detect/index.ts";
import { inFolder } from "./detect/manifest.ts";
import { Prompt } from "./prompt.ts";

/** Where the edge runs: in a Worker, in Next.js, or nowhere, because FastAPI verifies tokens. */
export type Edge = "worker" | "next" | "none";

/** What the user has said, or has accepted. */
export interface Answers {
  /** Better Auth's base URL, without a slash at the end. */
  auth: string;
  /** The API's base URL, as the edge calls it; `undefined` if no API is behind the edge. */
  api: string | undefined;
  /** The claim that identifies the user. */
  userClaim: string;
  edge: Edge;
  /** The edge's own origin, if the user has said it. */
  edgeUrl: string | undefined;
}

/** The answers in the command line. */
export type Given = Partial<Answers>;

/**
 * Reads the answers in the command line.
 *
 * @throws {UsageError} if one is wrong
 */
export function readGiven(args: Arguments): Given {
  const url = (name: string) => {
    const value = args.value(name);
    return value === undefined ? {} : { [KEYS[name] as string]: baseUrl(value, `--${name}`) };
  };
  const given: Given = { ...url("auth"), ...url("api"), ...url("edge-url") };
  if (given.edgeUrl !== undefined && new URL(given.edgeUrl).pathname !== "/") {
    throw new UsageError("--edge-url contains a path: the edge's URL is an origin");
  }
  const claim = args.value("user-claim");
  if (claim !== undefined) given.userClaim = claimName(claim, "--user-claim");
  const edge = args.value("edge");
  if (edge !== undefined) given.edge = edgeName(edge);
  return given;
}

const KEYS: Record<string, string> = { auth: "auth", api: "api", "edge-url": "edgeUrl" };

/** The answers in the record of an earlier run: only those that have the right form. */
export function readEarlier(record: Record<string, unknown>): Given {
  const given: Record<string, unknown> = {};
  const url = (text: string) => baseUrl(text, "it");
  const parsers: Record<keyof Answers, (text: string) => string> = {
    auth: url,
    api: url,
    edgeUrl: (text) => new URL(url(text)).origin,
    userClaim: (text) => claimName(text, "it"),
    edge: edgeName,
  };
  for (const [name, parse] of Object.entries(parsers)) {
    const value = record[name];
    try {
      if (typeof value === "string") given[name] = parse(value);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
    }
  }
  return given;
}

/** What `init` takes where the user gives no answer. */
export function defaults(project: Project, given: Given, earlier: Given): Answers {
  const edge = given.edge ?? earlier.edge ?? defaultEdge(project, given);
  const isApiNeeded = edge === "worker" || (edge === "next" && project.fastApi !== undefined);
  const api = given.api ?? earlier.api ?? (isApiNeeded ? LOCAL_API : undefined);
  return {
    auth: given.auth ?? earlier.auth ?? declaredAuth(project) ?? LOCAL_AUTH,
    api: edge === "none" ? undefined : api,
    userClaim: given.userClaim ?? earlier.userClaim ?? "sub",
    edge,
    edgeUrl: given.edgeUrl ?? earlier.edgeUrl,
  };
}

function defaultEdge({ next, fastApi }: Project, { api }: Given): Edge {
  if (next) return "next";
  return fastApi && api === undefined ? "none" : "worker";
}

/**
 * Checks that the answers fit the project.
 *
 * @throws {UsageError} if they do not
 */
export function check({ edge, api }: Answers, { next, fastApi }: Project, given: Given): void {
  if (edge === "next" && !next) {
    throw new UsageError("--edge next requires a Next.js application, and none was found");
  }
  if (edge === "none" && !fastApi) {
    throw new UsageError("--edge none requires a FastAPI application, and none was found");
  }
  if (edge === "none" && given.api !== undefined) {
    throw new UsageError("--api is the API behind an edge: leave it out with --edge none");
  }
  if (edge === "worker" && api === undefined) throw new UsageError("--api is missing");
}

/**
 * Asks for the answers that the command line lacks.
 *
 * @throws {Cancelled} if the user ends the input
 */
export async function ask(project: Project, given: Given, earlier: Given): Promise<Answers> {
  const prompt = new Prompt();
  try {
    const { auth, userClaim } = defaults(project, given, earlier);
    const answers: Given = { ...given };
    answers.auth ??= await prompt.ask(
      "Where is Better Auth, as the edge reaches it?",
      auth,
      (text) => baseUrl(text, "this"),
    );
    if (answers.api === undefined && answers.edge !== "none") {
      const api = await askForApi(prompt, defaults(project, answers, earlier));
      if (api !== undefined) answers.api = api;
    }
    answers.userClaim ??= await prompt.ask("Which claim identifies the user?", userClaim, (text) =>
      claimName(text, "this"),
    );
    return defaults(project, answers, earlier);
  } finally {
    prompt.close();
  }
}

async function askForApi(prompt: Prompt, { edge, api }: Answers): Promise<string | undefined> {
  const question = "Where is the API, as the edge reaches it?";
  const parse = (text: string) => baseUrl(text, "this");
  if (api !== undefined) return prompt.ask(question, api, parse);
  const none =
    edge === "none"
      ? "empty: FastAPI verifies the tokens itself, without an edge in front"
      : "empty: Next.js alone";
  return prompt.askOptional(`${question} (${none})`, parse);
}

/** A base URL: http(s), a host, a path at most; without a slash at the end. */
function baseUrl(value: string, what: string): string {
  const url = readUrl(value.trim(), what);
  if (url.search !== "" || url.hash !== "") {
    throw new UsageError(`${what} contains a query or a fragment: remove it`);
  }
  const path = url.pathname.replace(/\/+$/, "");
  // it is written into files of four syntaxes
  if (!/^[\w.~%/-]*$/.test(path) || path.includes("//")) {
    throw new UsageError(`${what} has a path with unusual characters`);
  }
  return url.origin + path;
}

function edgeName(value: string): Edge {
  if (value === "worker" || value === "next" || value === "none") return value;
  throw new UsageError("--edge is not worker, next or none");
}

function claimName(value: string, what: string): string {
  if (/^[\w.:/-]{1,100}$/.test(value)) return value;
  throw new UsageError(`${what} is not the name of a claim, such as sub or uuid`);
}

/** `BETTER_AUTH_URL` in the application's environment files. */
function declaredAuth({ folder, next }: Project): string | undefined {
  for (const place of new Set([next?.folder ?? "", ""])) {
    for (const name of [".env.local", ".env.development", ".env"]) {
      const text = folder.text(inFolder(place, name)) ?? "";
      const [, , value] =
        /^\s*(export\s+)?BETTER_AUTH_URL\s*=\s*["']?([^"'\s#]+)/m.exec(text) ?? [];
      try {
        if (value !== undefined) return baseUrl(value, "BETTER_AUTH_URL");
      } catch {
        // a variable or a mistake: the user answers
      }
    }
  }
  return undefined;
}

/** Where the edge is on this machine. */
export function localEdge({ edge, edgeUrl, auth }: Answers, { betterAuth }: Project): string {
  if (edgeUrl !== undefined && isLocal(edgeUrl)) return edgeUrl;
  if (edge === "worker") return "http://localhost:8787";
  const origin = new URL(auth).origin;
  return betterAuth && isLocal(origin) ? origin : LOCAL_AUTH;
}

const LOCAL_AUTH = "http://localhost:3000";
const LOCAL_API = "http://localhost:8000";

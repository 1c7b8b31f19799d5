/** The edge that runs at the project's address already, if there is one. */
import { NoResponse, request } from "../http.ts";
import { parseObject } from "../json.ts";
import { type Answers, localEdge } from "./answers.ts";
import type { Project } from "./detect/index.ts";
import { inFolder } from "./detect/manifest.ts";
import { lastSetting } from "./files/change.ts";
import { workerFolder } from "./files/worker.ts";

/** What runs at the edge's address: nothing, this project's edge, or another edge. */
export type Running = "nothing" | "own" | "other";

/** Asks the address for an edge, and compares the key that it publishes with the project's. */
export async function findRunning(project: Project, answers: Answers): Promise<Running> {
  if (answers.edge === "none") return "nothing";
  const edge = localEdge(answers, project);
  const health = await fetchJson(edge, "health");
  if (typeof health?.status !== "string") return "nothing";
  const { keys } = (await fetchJson(edge, "jwks.json")) ?? {};
  const own = publicKey(project, answers);
  const isOwn = own !== undefined && Array.isArray(keys) && keys.some((key) => key?.x === own);
  return isOwn ? "own" : "other";
}

/** The file with the signing key of this machine. */
export function keyFile({ edge }: Answers, project: Project): string {
  return edge === "next"
    ? inFolder(project.next?.folder ?? "", ".env.local")
    : inFolder(workerFolder(project), ".dev.vars");
}

/** The public part of the project's signing key (RFC 8037, `x`); `undefined` without a key. */
function publicKey(project: Project, answers: Answers): string | undefined {
  const text = project.folder.text(keyFile(answers, project)) ?? "";
  const { x } = parseObject(lastSetting(text, "EDGE_SIGNING_KEY")?.value ?? "") ?? {};
  return typeof x === "string" ? x : undefined;
}

async function fetchJson(edge: string, name: string): Promise<Record<string, unknown> | undefined> {
  try {
    const response = await request(new URL(`/.well-known/better-auth-edge/${name}`, edge));
    return parseObject(response.text);
  } catch (error) {
    if (error instanceof NoResponse) return undefined;
    throw error;
  }
}

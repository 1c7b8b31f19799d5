/** A deployment, as it can be asked from outside. */
import { type Answer, ask, NoAnswer } from "../http.ts";
import { waiting } from "../terminal.ts";

export class Deployment {
  readonly origin: string;
  /** A path that should need a token. */
  readonly path: string;
  /** All answers, for the checks that look at what they have in common. */
  readonly answers: Answer[] = [];

  constructor(url: URL, path: string) {
    this.origin = url.origin;
    this.path = path;
  }

  /** Its health: `status` is `ok`, `keys_unavailable` or `misconfigured`. */
  health(): Promise<Answer> {
    return this.ask("/.well-known/better-auth-edge/health");
  }

  /** The keys of its assertions. */
  jwks(): Promise<Answer> {
    return this.ask("/.well-known/better-auth-edge/jwks.json");
  }

  /** Asks for the path that should need a token, or another. */
  async ask(path = this.path, init: RequestInit = {}): Promise<Answer> {
    const url = new URL(path, this.origin);
    const answer = await waiting(`asking ${url.host}`, ask(url, asScript(init)));
    this.answers.push(answer);
    return answer;
  }
}

/** The same request, as a page's script sends it: an edge in Next.js redirects whoever asks for a page. */
function asScript(init: RequestInit): RequestInit {
  const headers = new Headers(init.headers);
  headers.set("sec-fetch-dest", "empty");
  return { ...init, headers };
}

/** The code of a problem response of the edge; nothing for whatever else answers. */
export function problemCode({ headers, text }: Answer): string | undefined {
  if (!headers.get("content-type")?.startsWith("application/problem+json")) return undefined;
  const { code } = readObject(text);
  return typeof code === "string" ? code : undefined;
}

/** A JSON object, or an empty one. */
export function readObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

export { type Answer, NoAnswer };

import { BetterAuthError } from "better-auth";

/** Options of {@link edge}. */
export interface EdgeOptions {
  /**
   * The origin of the edge, or of several, which the plugin tells when a session ends. Without it,
   * the plugin only adds claims to tokens and exchanges API keys, and warns once that sign-outs
   * reach no edge; `[]` says that this is meant. Requires Better Auth 1.4.
   */
  edgeURL?: string | string[] | undefined;
  /**
   * Whether each user gets a `uuid`, the application's own id; `field` names the user's field that
   * contains it. Run Better Auth's migrations after you have turned this on. Default: `false`;
   * `field` is `"uuid"` by default.
   */
  uuid?: boolean | { field?: string | undefined } | undefined;
  /**
   * Whether tokens contain the ids of the user's organizations, at most 100. Requires the
   * organization plugin. Default: `false`.
   */
  organizations?: boolean | undefined;
  /**
   * The request header, or headers, of API keys: the `apiKeyHeaders` of the api-key plugin.
   * Default: `"x-api-key"`.
   */
  apiKeyHeader?: string | string[] | undefined;
  /**
   * Whether a new password ends the user's other sessions, at Better Auth too. Default: `true`.
   */
  endSessionsOnPasswordChange?: boolean | undefined;
  /**
   * Keeps a serverless function alive until events are delivered. Default: Better Auth's
   * `advanced.backgroundTasks`, or nothing.
   */
  waitUntil?: ((task: Promise<unknown>) => void) | undefined;
  /** The function that sends events. Default: the runtime's `fetch`. */
  fetch?: typeof fetch | undefined;
}

/**
 * The origins of the edges, each once.
 *
 * @throws {BetterAuthError} if one is not an origin
 */
export function edgeOrigins({ edgeURL }: EdgeOptions): string[] {
  const urls = edgeURL === undefined ? [] : [edgeURL].flat();
  return [...new Set(urls.map(originOf))];
}

function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`) return url.origin;
  throw new BetterAuthError(
    `better-auth-edge: edgeURL is not an origin such as https://edge.example.com: ${text}`,
  );
}

/** The user's field that contains the uuid, if the option is on. */
export function uuidField({ uuid }: EdgeOptions): string | undefined {
  if (!uuid) return undefined;
  return (uuid === true ? undefined : uuid.field) ?? "uuid";
}

/** Options of {@link edge}. */
export interface EdgeOptions {
  /**
   * The origin of the edge, or of several, which the plugin tells when a session ends. Without it,
   * the plugin only adds claims to tokens.
   */
  edgeURL?: string | string[] | undefined;
  /**
   * Whether each user gets a `uuid`, the application's own id. Run Better Auth's migrations after
   * you have turned this on. Default: `false`.
   */
  uuid?: boolean | undefined;
  /**
   * Whether tokens contain the ids of the user's organizations. Requires the organization plugin.
   * Default: `false`.
   */
  organizations?: boolean | undefined;
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

/** The origins of the edges. @throws if one is not an origin */
export function edgeOrigins({ edgeURL }: EdgeOptions): string[] {
  const urls = edgeURL === undefined ? [] : [edgeURL].flat();
  return urls.map((text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    const isOrigin = url && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`;
    if (!isOrigin) {
      throw new Error(
        `better-auth-edge: edgeURL is not an origin such as https://edge.example.com: ${text}`,
      );
    }
    return url.origin;
  });
}

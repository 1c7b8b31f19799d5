/** A loopback origin: other computers cannot open it. */
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/**
 * Whether the page "See the edge at work" exists: with `DEMO=1`, and only if this site, Better Auth
 * and FastAPI are on loopback addresses.
 *
 * @throws if `DEMO` is 1 anywhere else, so that no copy of the example shows the page to others
 */
export function isDemo(): boolean {
  if (process.env.DEMO !== "1") return false;
  for (const [name, url = ""] of [
    ["EDGE_ISSUER", process.env.EDGE_ISSUER],
    ["BETTER_AUTH_URL", process.env.BETTER_AUTH_URL],
    ["API_URL", process.env.API_URL],
  ] as const) {
    if (!URL.canParse(url) || !LOOPBACK.test(new URL(url).hostname)) {
      throw new Error(`DEMO=1 requires that ${name} is a loopback address`);
    }
  }
  return true;
}

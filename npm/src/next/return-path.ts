/**
 * Reads the path to return to after the sign-in from a query parameter. The result is always a path
 * of this site, so that a link to the sign-in page cannot redirect to another site.
 *
 * The result is the path that the browser shows, with Next's `basePath`: use it with
 * `location.assign`, in a link, or as Better Auth's `callbackURL`. Next's router and `redirect` add
 * the `basePath` themselves. For these, pass it as `basePath`, and this function removes it.
 *
 * @param value the query parameter that {@link createMiddleware} sets, or any other value
 * @param fallback the result if `value` is not a path of this site; `/` by default
 * @param basePath the `basePath` of `next.config.ts`, to be removed; none by default
 * @returns a path with its query and fragment
 *
 * @example
 * ```ts
 * location.assign(returnPath(searchParams.get("next")));
 * ```
 */
export function returnPath(value: unknown, fallback = "/", basePath = ""): string {
  const path = sameSitePath(value);
  if (path === undefined || !basePath) return path ?? fallback;
  const rest = path.slice(basePath.length);
  // "/apple" is not below "/app", and "/app//evil.example" must not become "//evil.example"
  if (!path.startsWith(basePath) || !/^([/?#]|$)/.test(rest)) return fallback;
  return sameSitePath(rest.startsWith("/") ? rest : `/${rest}`) ?? fallback;
}

/** The value as browsers parse it, if it is a path of this site. */
function sameSitePath(value: unknown): string | undefined {
  // browsers treat a backslash as a slash, and ignore tabs and line breaks
  if (typeof value !== "string" || !/^\/(?![/\\])[^\\\p{Cc}]*$/u.test(value)) return undefined;
  if (value.length > MAX_LENGTH || !URL.canParse(value, SITE)) return undefined;
  const { origin, pathname, search, hash } = new URL(value, SITE);
  // "/.//evil.example" becomes "//evil.example" when the dot segment is removed
  if (origin !== SITE || pathname.startsWith("//")) return undefined;
  return pathname + search + hash;
}

const MAX_LENGTH = 2048;
const SITE = "https://site.invalid";

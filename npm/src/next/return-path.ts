/**
 * A path of this site to return to, from what a query says: never another site, whatever is written
 * there.
 *
 * It is the path that browsers see, with Next's `basePath`: for `location.assign`, a link, or Better Auth's
 * `callbackURL`. Next's router and `redirect` add the `basePath` by themselves; for these, pass it as `basePath`,
 * and it is taken off.
 *
 * @param value of the query parameter that {@link createMiddleware} gives the sign-in page, or anything
 * @param fallback where to go when it is no path of this site
 * @param basePath of `next.config.ts`, to be taken off; none by default
 *
 * @example
 * ```ts
 * location.assign(returnPath(searchParams.get("next")));
 * ```
 */
export function returnPath(value: unknown, fallback = "/", basePath = ""): string {
  const path = ownPath(value);
  if (path === undefined || !basePath) return path ?? fallback;
  const rest = path.slice(basePath.length);
  // "/app" is no part of "/apple", and "/app//evil.example" must not become "//evil.example"
  if (!path.startsWith(basePath) || !/^([/?#]|$)/.test(rest)) return fallback;
  return ownPath(rest.startsWith("/") ? rest : `/${rest}`) ?? fallback;
}

/** The value as browsers read it, if that is a path of this site. */
function ownPath(value: unknown): string | undefined {
  // browsers take a backslash for a slash, and leave tabs and line breaks out
  if (typeof value !== "string" || !/^\/(?![/\\])[^\\\p{Cc}]*$/u.test(value)) return undefined;
  if (value.length > MAX_LENGTH || !URL.canParse(value, SITE)) return undefined;
  const { origin, pathname, search, hash } = new URL(value, SITE);
  // "/.//evil.example" becomes "//evil.example" when its dots are resolved
  if (origin !== SITE || pathname.startsWith("//")) return undefined;
  return pathname + search + hash;
}

const MAX_LENGTH = 2048;
const SITE = "https://site.invalid";

/**
 * A path of this site to return to, from what a query says: never another site, whatever is written
 * there.
 *
 * @param value of the query parameter that {@link createMiddleware} gives the sign-in page, or anything
 * @param fallback where to go when it is no path of this site
 *
 * @example
 * ```ts
 * router.push(returnPath(searchParams.get("next")));
 * ```
 */
export function returnPath(value: unknown, fallback = "/"): string {
  // browsers take a backslash for a slash, and leave tabs and line breaks out
  if (typeof value !== "string" || !/^\/(?![/\\])[^\\\p{Cc}]*$/u.test(value)) return fallback;
  if (value.length > MAX_LENGTH || !URL.canParse(value, SITE)) return fallback;
  const { origin, pathname, search, hash } = new URL(value, SITE);
  // "/.//evil.example" becomes "//evil.example" when its dots are resolved
  if (origin !== SITE || pathname.startsWith("//")) return fallback;
  return pathname + search + hash;
}

const MAX_LENGTH = 2048;
const SITE = "https://site.invalid";

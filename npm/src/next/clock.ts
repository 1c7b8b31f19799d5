/**
 * Milliseconds since 1970, from a clock that Next does not watch.
 *
 * With `cacheComponents`, Next treats `Date.now()` in a server component as part of the page and
 * reports an error. This function's callers use the time only to check whether an assertion has
 * expired. Next recommends `performance` for such uses, but it may stop while a machine sleeps. A
 * new `File` has the current time as its modification date (File API, section 4.1).
 *
 * @internal
 */
export function now(): number {
  return new File([], "").lastModified;
}

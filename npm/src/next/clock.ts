/**
 * Milliseconds since 1970, from a clock that Next does not watch.
 *
 * With `cacheComponents`, Next treats `Date.now()` in a server component as part of the page and reports
 * an error. Here the time only decides whether an assertion has expired. `performance`, which Next
 * recommends for such uses, falls behind while a machine sleeps. A new `File` has the current time as its
 * modification date (File API, section 4.1).
 *
 * @internal
 */
export function now(): number {
  return new File([], "").lastModified;
}

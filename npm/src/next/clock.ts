/**
 * Milliseconds since 1970, by a clock that Next does not watch.
 *
 * With `cacheComponents`, Next takes `Date.now()` in a server component for something that the page shows, and
 * complains. Here the time only says whether an assertion still holds. `performance`, which Next recommends
 * for what is not shown, falls behind while a machine sleeps. A new `File` is dated with the current time (File
 * API, section 4.1).
 */
export function now(): number {
  return new File([], "").lastModified;
}

/**
 * Checks the names of options of functions that do not use wasm, which checks the others. The
 * caller may mean a misspelled option as a restriction, so an unknown name is always an error.
 *
 * @param options the caller's options; members that are `undefined` count as absent
 * @param known the names of all options
 * @returns the error message; `undefined` if all names are known
 * @internal
 */
export function unknownOptions(options: object, known: readonly string[]): string | undefined {
  const unknown = Object.entries(options)
    .filter(([name, value]) => value !== undefined && !known.includes(name))
    .map(([name]) => name);
  if (unknown.length === 0) return undefined;
  const are = unknown.length === 1 ? "is not an option" : "are not options";
  return `${unknown.join(", ")} ${are}; the options are ${known.join(", ")}`;
}

/**
 * What is wrong with the names of options where no wasm checks them. A misspelt option may be meant as a
 * restriction, so it is never left out in silence.
 *
 * @returns a sentence that names what was written and what can be; `undefined` where all names are known
 * @internal
 */
export function unknownOptions(given: object, known: readonly string[]): string | undefined {
  const unknown = Object.entries(given).filter(
    ([name, value]) => value !== undefined && !known.includes(name),
  );
  if (unknown.length === 0) return undefined;
  const names = unknown.map(([name]) => name).join(", ");
  return `${names}: not an option; the options are ${known.join(", ")}`;
}

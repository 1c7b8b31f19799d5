/** Texts as words of other languages. Each of these functions is the only one of its kind. */

/** A word of a command line of a POSIX shell, in quotes if it needs them. */
export function shellWord(text: string): string {
  return /^[\w.,/:@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A command line of a POSIX shell. */
export function shellLine(words: string[]): string {
  return words.map(shellWord).join(" ");
}

/** A basic string of TOML, which escapes as JSON does, and DEL too. */
export function tomlString(text: string): string {
  return JSON.stringify(text).replaceAll("\x7f", "\\u007f");
}

/** The files that `init` writes. A record that names others is not its own. */

/** Lines that `init` adds to a `.gitignore`. */
const IGNORED = new Set([".dev.vars*", ".wrangler/", "node_modules/", ".env*.local", ".env"]);

/** Each path that `init` can write, and what the file contains. */
const WRITTEN: [path: RegExp, content: (text: string) => boolean][] = [
  [/^(.+\/)?\.gitignore$/, ignoresOnly],
  [/^(edge\/)?src\/index\.ts$/, contains(/better-auth-edge\/worker/)],
  [/^(edge\/)?wrangler\.toml$/, contains(/^BETTER_AUTH_URL = /m)],
  [
    /^(edge\/)?package\.json$/,
    contains(/^\{\n {2}"name": "[a-z\d-]+-edge",\n {2}"private": true,/),
  ],
  [/^(edge\/)?\.dev\.vars$/, contains(/^EDGE_SIGNING_KEY=/m)],
  [/^(.+\/)?(proxy|middleware)\.[jt]s$/, contains(/better-auth-edge\/next/)],
  [/^(.+\/)?\.env\.local$/, contains(/^EDGE_SIGNING_KEY=/m)],
  [/^(.+\/)?\.env$/, contains(/^EDGE_AUTH_MODE=/m)],
  [/^(.+\/)?edge_auth\.py$/, contains(/^from better_auth_edge import /m)],
  [/^(.+\/)?main\.py$/, contains(/^from edge_auth import /m)],
];

/** Whether `init` can write a file of this path: in the project, and not in a folder of a tool. */
export function canWrite(path: string): boolean {
  const segments = path.split("/");
  const isPlain = segments.every(
    (segment) => /^[^\\:\0]+$/.test(segment) && !/^(\.{1,2}|\.git|node_modules)$/i.test(segment),
  );
  return isPlain && WRITTEN.some(([pattern]) => pattern.test(path));
}

/** Whether `init` can have written this content to the path. */
export function canContain(path: string, content: string): boolean {
  return WRITTEN.some(([pattern, test]) => pattern.test(path) && test(content));
}

/** Whether all lines are those that `init` adds to a `.gitignore`. */
export function ignoresOnly(text: string): boolean {
  return text.split(/\r?\n/).every((line) => line === "" || IGNORED.has(line));
}

function contains(pattern: RegExp): (text: string) => boolean {
  return (text) => pattern.test(text);
}

// Header edits as the core writes them, and responses made of them.

/**
 * @param {Headers} headers
 * @param {string} edits one to a line: a name to remove, `name: value` to set, `,name: value` to
 *   append, `?name: value` to set where there is none
 */
export function edit(headers, edits) {
  for (const line of edits.split("\n")) {
    const colon = line.indexOf(": ");
    if (colon < 0) {
      if (line) headers.delete(line);
      continue;
    }
    const [sign, name, value] = [line[0], line.slice(1, colon), line.slice(colon + 2)];
    if (sign === ",") headers.append(name, value);
    else if (sign === "?") headers.set(name, headers.get(name) ?? value);
    else headers.set(sign + name, value);
  }
}

/**
 * @param {number} status
 * @param {string} edits to no headers, as {@link edit} takes them
 * @param {string} body
 */
export function makeResponse(status, edits, body) {
  const headers = new Headers();
  edit(headers, edits);
  return new Response(body, { status, headers });
}

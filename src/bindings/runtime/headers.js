// Header edits, as the core writes them.

/**
 * @param {Headers} headers
 * @param {string} edits one per line: a name to remove, `name: value` to set, `,name: value` to
 *   append, `?name: value` to set if the header is absent
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
 * The headers of a response that can redirect to the upstream, `name: value`, one per line. Few
 * responses have one.
 *
 * @param {Headers} headers
 */
export function references(headers) {
  let fields = "";
  for (const name of REFERENCES) {
    const value = headers.get(name);
    if (value !== null) fields += `${name}: ${value}\n`;
  }
  return fields;
}

const REFERENCES = ["location", "content-location", "refresh"];

/**
 * @param {number} status
 * @param {string} lines the headers, `name: value`, one per line
 * @param {string} body
 */
export function makeResponse(status, lines, body) {
  // a plain object takes less time than `Headers`
  /** @type {Record<string, string>} */
  const headers = {};
  for (const line of lines.split("\n")) {
    const colon = line.indexOf(": ");
    if (colon < 0) continue;
    const [name, value] = [line.slice(0, colon), line.slice(colon + 2)];
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
  }
  return new Response(WITHOUT_BODY.includes(status) ? null : body, { status, headers });
}

/** Statuses whose responses have no body, not even an empty one (Fetch Standard, section 2.2.3). */
const WITHOUT_BODY = [101, 103, 204, 205, 304];

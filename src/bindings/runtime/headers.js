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
 * @param {string} edits the headers, as {@link edit} reads them. The first is the request's id, if
 *   the response has it
 * @param {string} body
 */
export function makeResponse(status, edits, body) {
  const init = { status, headers: responseHeaders(edits) };
  return new Response(WITHOUT_BODY.includes(status) ? null : body, init);
}

/**
 * The headers of rejections, by their edits after the request's id. A flood of rejections makes
 * each of them once: `Response` copies them.
 *
 * @type {Map<string, Headers>}
 */
const repeated = new Map();
const MAX_REPEATED = 64;

/** @param {string} edits */
function responseHeaders(edits) {
  if (!edits.startsWith(REQUEST_ID)) return edited(edits);
  const end = edits.indexOf("\n");
  const others = edits.slice(end + 1);
  let headers = repeated.get(others);
  if (headers === undefined) {
    headers = edited(others);
    if (repeated.size === MAX_REPEATED) repeated.clear();
    repeated.set(others, headers);
  }
  headers.set("x-request-id", edits.slice(REQUEST_ID.length, end));
  return headers;
}

const REQUEST_ID = ",x-request-id: ";

/** @param {string} edits */
function edited(edits) {
  const headers = new Headers();
  edit(headers, edits);
  return headers;
}

/** Statuses whose responses have no body, not even an empty one (Fetch Standard, section 2.2.3). */
const WITHOUT_BODY = [101, 103, 204, 205, 304];

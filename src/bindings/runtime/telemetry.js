// The runtime's console, data points and rate limits. Rust decides which line, point and key.

/**
 * The bindings by their names. All requests of an isolate have the same.
 *
 * @type {Record<string, any>}
 */
const bound = {};

/**
 * Stores a binding.
 *
 * @param {Record<string, any>} env
 * @param {string} name
 * @param {string} method a method of such bindings
 * @returns {boolean | undefined} whether the binding has the method; `undefined` if it is absent
 */
export function bind(env, name, method) {
  const binding = env[name];
  if (!binding) return undefined;
  bound[name] = binding;
  return typeof binding[method] === "function";
}

/**
 * @param {"error" | "warn" | "info"} level
 * @param {string} line
 */
export function log(level, line) {
  console[level](line);
}

/** @param {string} record the record of a response of the edge itself, as JSON */
export function writePoint(record) {
  write(JSON.parse(record));
}

/**
 * @param {string} name the name of a binding
 * @param {string} key
 * @returns {Promise<boolean>} whether the request is within the limit; true if the limit fails
 */
export async function admits(name, key) {
  try {
    const { success } = await bound[name].limit({ key });
    return success;
  } catch (error) {
    logFailure(name, error);
    return true;
  }
}

/**
 * The reports about a forwarded request. `log` and `dataPoint` are records as JSON, and
 * `serverTiming` is the edge's part of the `Server-Timing` header.
 *
 * @typedef {{ log?: string, dataPoint?: string, serverTiming?: string }} ForwardReport
 */

/**
 * Reports a forwarded request, once its response has begun or the upstream has failed.
 *
 * @param {ForwardReport} report
 * @param {number} status
 * @param {number} milliseconds from the start of the request to the upstream
 * @param {string} [code] the error's code if the response is the edge's own
 * @returns {string} an edit of the response's headers; empty for none
 */
export function report({ log: line, dataPoint, serverTiming }, status, milliseconds, code) {
  const upstream = { upstream_status: status, upstream_ms: milliseconds };
  const own = { decision: "respond", code, status, upstream_ms: milliseconds };
  // the wasm has logged a failure already
  if (line && !code) log("info", JSON.stringify({ ...JSON.parse(line), ...upstream }));
  if (dataPoint) write({ ...JSON.parse(dataPoint), ...(code ? own : upstream) });
  return serverTiming ? `,server-timing: ${serverTiming}, origin;dur=${milliseconds}\n` : "";
}

/**
 * @typedef {object} DecisionRecord
 * @property {"forward" | "respond"} decision
 * @property {string | null} code
 * @property {{ index: number, path: string } | null} rule
 * @property {string | null} issuer
 * @property {string | null} method
 * @property {number} [status]
 * @property {number} [upstream_status]
 * @property {number} [upstream_ms]
 * @property {number | null} keys_age
 */

/**
 * Writes a data point. Best effort: a failed write never fails the request.
 *
 * @param {DecisionRecord} record
 */
function write({ decision, code, issuer, method, keys_age, ...record }) {
  const rule = record.rule ? `${record.rule.index} ${record.rule.path}` : "none";
  try {
    bound.ANALYTICS.writeDataPoint({
      indexes: [firstBytes(rule)],
      blobs: [decision, code ?? "", rule, issuer ?? "", method ?? ""],
      doubles: [record.status ?? record.upstream_status, record.upstream_ms ?? 0, keys_age ?? -1],
    });
  } catch (error) {
    logFailure("ANALYTICS", error);
  }
}

/**
 * Shortens an index of Analytics Engine to its limit of 96 bytes. A character that is cut becomes a
 * replacement character of three bytes.
 *
 * @param {string} text
 */
function firstBytes(text) {
  const bytes = new TextEncoder().encode(text);
  return bytes.length > 96 ? new TextDecoder().decode(bytes.subarray(0, 93)) : text;
}

/**
 * Logs the failure of a binding. The request is served all the same.
 *
 * @param {string} name
 * @param {unknown} error
 */
function logFailure(name, error) {
  log("error", JSON.stringify({ level: "error", message: `${name} failed: ${error}` }));
}

// What operators see and limit, by the runtime's console and by optional bindings. Which line, which
// point and which key is decided in Rust.

/**
 * The bindings that are there, by their names. They are the same for all requests of an isolate.
 *
 * @type {Record<string, any>}
 */
const bound = {};

/**
 * Keeps a binding, if it is there.
 *
 * @param {Record<string, any>} env
 * @param {string} name
 * @param {string} method what such a binding can do
 * @returns {boolean | undefined} whether it can; nothing where there is none
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

/** @param {string} record of a decision of the edge's own, as JSON */
export function writePoint(record) {
  write(JSON.parse(record));
}

/**
 * @param {string} name of a binding
 * @param {string} key
 * @returns {Promise<boolean>} whether one more is within the limit, or that cannot be told
 */
export async function admits(name, key) {
  try {
    const { success } = await bound[name].limit({ key });
    return success;
  } catch (error) {
    complain(name, error);
    return true;
  }
}

/**
 * Tells of a request to the origin, once its answer has begun or will not.
 *
 * @param {string} report
 * @param {Response} answer
 * @param {number} milliseconds until then
 * @param {string} [code] why the answer is the edge's own
 * @returns {string} an edit of the answer's headers, perhaps none
 */
export function tell(report, answer, milliseconds, code) {
  const [where, text, timing] = report.split("\n");
  const record = JSON.parse(text);
  const upstream = { upstream_status: answer.status, upstream_ms: milliseconds };
  const own = { decision: "respond", code, status: answer.status, upstream_ms: milliseconds };
  // the log has a line about a failure already
  if (where.includes("log") && !code) log("info", JSON.stringify({ ...record, ...upstream }));
  if (where.includes("point")) write({ ...record, ...(code ? own : upstream) });
  return timing ? `,server-timing: ${timing}, origin;dur=${milliseconds}\n` : "";
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
 * Writes a data point, which is rather lost than a request.
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
    complain("ANALYTICS", error);
  }
}

/**
 * An index of Analytics Engine has at most 96 bytes. A character that is cut becomes one of three.
 *
 * @param {string} text
 */
function firstBytes(text) {
  const bytes = new TextEncoder().encode(text);
  return bytes.length > 96 ? new TextDecoder().decode(bytes.subarray(0, 93)) : text;
}

/**
 * A binding that fails keeps nobody from being served.
 *
 * @param {string} name
 * @param {unknown} error
 */
function complain(name, error) {
  log("error", JSON.stringify({ level: "error", message: `${name} failed: ${error}` }));
}

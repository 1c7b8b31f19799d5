import { bodyOf } from "./request-body.ts";

/**
 * A request: a `Request`, Node's `IncomingMessage` (also that of Express), or an object with the
 * same members. Its body is read only if it is a message for the edge itself, which reports that
 * sessions have ended: see {@link GatewayOptions.revocations}.
 */
export interface RequestHead {
  method?: string | undefined;
  /**
   * The absolute URL, or the request's target as Node has it: `/path?query`. Do not build a URL
   * from `Host`: a client that sends `Host: x/public?` would choose its path.
   */
  url?: string | undefined;
  /** The target before a router of Express removed a prefix from `url`. It replaces `url`. */
  originalUrl?: string | undefined;
  headers: Headers | Record<string, string | string[] | undefined>;
  /** Names and values in turn, as Node received them. They replace `headers`. */
  rawHeaders?: string[] | undefined;
  /**
   * The body: a `ReadableStream`, or what a body parser of Express has made of it. Without it, the
   * request itself is read, if it is a stream of Node.
   */
  body?: unknown;
  /** The connection. Its member `encrypted` determines the scheme. */
  socket?: object | undefined;
}

/** A request's head with an absolute URL, for the wasm. */
export interface AbsoluteHead {
  method: string;
  url: string;
  headers: Headers;
  /** The body, which is read by the wasm. */
  body(): ReadableStream<Uint8Array> | null;
  /** Why the value is not a request, as a sentence for the problem response. */
  malformed?: string;
}

/** Converts a request. The wasm rejects the result if the value is not a request. */
export function absoluteHead(request: RequestHead): AbsoluteHead {
  const malformed = whyMalformed(request);
  if (malformed) return unreadable(malformed);
  const { method = "", url = "", originalUrl = url, socket } = request;
  try {
    const headers = headersOf(request);
    const body = () => bodyOf(request);
    return { method, url: absoluteUrl(originalUrl, headers, socket), headers, body };
  } catch {
    return unreadable("a header of the request has a name or a value that no header can have");
  }
}

/** Why the value is not a request; `undefined` if it is one. */
function whyMalformed(request: unknown): string | undefined {
  if (typeof request !== "object" || request === null) return `there is no request: ${EXPECTED}`;
  const { method, url, originalUrl, headers } = request as { [name in keyof RequestHead]: unknown };
  if (typeof method !== "string") return `the request has no method: ${EXPECTED}`;
  if (typeof (originalUrl ?? url) !== "string") {
    return `the request has no url that is a string: ${EXPECTED}`;
  }
  if (typeof headers !== "object" || headers === null || Array.isArray(headers)) {
    return `the request has no headers: ${EXPECTED}`;
  }
  return undefined;
}

const EXPECTED =
  "pass a Request, Node's request, or an object with method, url and headers (Headers, or an object)";

function unreadable(malformed: string): AbsoluteHead {
  return { method: "", url: "", headers: new Headers(), body: () => null, malformed };
}

function headersOf({ headers, rawHeaders }: RequestHead): Headers {
  if (isHeaders(headers)) return headers;
  const all = new Headers();
  for (const [name, value] of rawHeaders ? inPairs(rawHeaders) : Object.entries(headers)) {
    // HTTP/2 has `:authority` instead of Host (RFC 9113, section 8.3.1)
    const field = name === ":authority" ? "host" : name;
    if (field.startsWith(":") || value === undefined) continue;
    if (field !== name && hasHost(rawHeaders ?? Object.keys(headers))) continue;
    for (const one of [value].flat()) all.append(field, one);
  }
  return all;
}

function isHeaders(headers: RequestHead["headers"]): headers is Headers {
  return Symbol.iterator in headers;
}

function hasHost(names: string[]): boolean {
  return names.some((name) => name.toLowerCase() === "host");
}

function* inPairs(raw: string[]): Generator<[string, string]> {
  for (let i = 0; i + 1 < raw.length; i += 2) yield [raw[i] as string, raw[i + 1] as string];
}

/**
 * Resolves a target (RFC 9112, section 3.2) against the request's scheme and `Host`. The core
 * rejects a `Host` with more than host and port, and a target that is neither a path nor an
 * absolute URL.
 */
function absoluteUrl(target: string, headers: Headers, socket?: object): string {
  const isPath = target === "*" || (target.startsWith("/") && !target.includes("#"));
  if (!isPath) return target;
  const forwarded = headers.get("x-forwarded-proto")?.split(",")[0]?.trim();
  const isEncrypted = (socket as { encrypted?: boolean } | undefined)?.encrypted;
  const scheme = isEncrypted || forwarded === "https" ? "https" : "http";
  // without Host (HTTP/1.0), the origin is one that no page can have
  const origin = `${scheme}://${headers.get("host") ?? "host.invalid"}`;
  return target === "*" ? origin : origin + target;
}

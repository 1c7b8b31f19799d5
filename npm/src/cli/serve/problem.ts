/** The responses of this process while no Worker can respond, in the form of the edge's. */
import { explain } from "../explanations.ts";

/** Why no Worker can respond. */
export type Unavailability = "edge_unavailable" | "misconfigured";

/** Makes HTTP responses with a problem (RFC 9457). Each closes its connection. */
export function problemResponses(code: Unavailability): () => string {
  // read once: many connections may get one
  const { status, title } = explain(code) ?? { status: 503, title: code };
  const retryAfter = status === 503 ? ["retry-after: 1"] : [];
  return () => {
    const id = crypto.randomUUID();
    const type = `tag:better-auth-edge,2026:errors#${code}`;
    const detail = DETAILS[code];
    const body = JSON.stringify({ type, title, status, code, detail, request_id: id });
    const lines = [
      `HTTP/1.1 ${status} ${title}`,
      "content-type: application/problem+json",
      `content-length: ${Buffer.byteLength(body)}`,
      "cache-control: no-store",
      "x-content-type-options: nosniff",
      `x-request-id: ${id}`,
      ...retryAfter,
      "connection: close",
    ];
    return `${lines.join("\r\n")}\r\n\r\n${body}`;
  };
}

const DETAILS: Record<Unavailability, string> = {
  edge_unavailable: "no process of the edge can take the request now",
  // the core's own sentence
  misconfigured: "a setting of the edge is missing or unusable; its log says which",
};

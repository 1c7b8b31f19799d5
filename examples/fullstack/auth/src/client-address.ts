/**
 * Where a request comes from, by which sign-ins are limited. The connection says it; what a client
 * says in X-Forwarded-For counts only where it came through a proxy that is trusted.
 */
import type { IncomingMessage } from "node:http";

/** The header in which Better Auth gets the address; the server replaces the value that a client sends. */
export const CLIENT_ADDRESS = "x-client-address";

/**
 * Puts the address into the request, with all that proxies added to it, the last at the end. Better
 * Auth takes the last address that is no trusted proxy's.
 */
export function noteClientAddress(request: IncomingMessage, trustedProxies: string[]): void {
  const { headers, socket } = request;
  const peer = socket.remoteAddress ?? "";
  const forwarded = trustedProxies.length > 0 ? [headers["x-forwarded-for"]].flat() : [];
  headers[CLIENT_ADDRESS] = [...forwarded, peer].filter(Boolean).join(", ");
}

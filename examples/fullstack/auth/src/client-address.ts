/**
 * The client's address, which Better Auth uses to limit sign-ins: the address of the connection or,
 * behind a trusted proxy, an address of `X-Forwarded-For`.
 */
import type { IncomingMessage } from "node:http";

/** The header in which Better Auth reads the address. The server replaces a client's value. */
export const CLIENT_ADDRESS = "x-client-address";

/**
 * Sets the header {@link CLIENT_ADDRESS} to the addresses of `X-Forwarded-For` and then the
 * connection's. Better Auth uses the last address that does not belong to a trusted proxy.
 */
export function setClientAddress(request: IncomingMessage, trustedProxies: string[]): void {
  const { headers, socket } = request;
  const peer = socket.remoteAddress ?? "";
  const forwarded = trustedProxies.length > 0 ? [headers["x-forwarded-for"]].flat() : [];
  headers[CLIENT_ADDRESS] = [...forwarded, peer].filter(Boolean).join(", ");
}

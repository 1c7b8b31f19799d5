// WebSockets that end when their token expires. Their messages pass through here; those of other
// WebSockets do not.

/** The close code of an expired token, in the range for applications (RFC 6455, section 7.4.2). */
const EXPIRED = 4401;
const REASON = "token expired";

/** Replaces codes that must not be sent (RFC 6455, section 7.4.1). */
const GONE = 1011;

/** Milliseconds. A longer timer fires at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Replaces the WebSocket of a response by one that ends at a time.
 *
 * @param {Response} response the upstream's response to a handshake
 * @param {number} endsAt seconds since 1970
 */
export function endingAt(response, endsAt) {
  const upstream = response.webSocket;
  const [client, edge] = Object.values(new WebSocketPair());
  // before the first message
  const stop = endAt(endsAt, () => {
    for (const socket of [edge, upstream]) close(socket, EXPIRED, REASON);
  });
  pipe(edge, upstream, stop);
  pipe(upstream, edge, stop);
  for (const socket of [edge, upstream]) {
    socket.binaryType = "arraybuffer";
    socket.accept();
  }
  return new Response(null, { status: 101, headers: response.headers, webSocket: client });
}

/**
 * @param {WebSocket} from
 * @param {WebSocket} to
 * @param {() => void} stop
 */
function pipe(from, to, stop) {
  from.addEventListener("message", ({ data }) => {
    try {
      to.send(data);
    } catch {
      // closed already; its own event reports it
    }
  });
  from.addEventListener("close", ({ code, reason }) => {
    stop();
    close(to, code, reason);
    // completes the closing handshake, unless the runtime has
    close(from, code, reason);
  });
  from.addEventListener("error", () => {
    stop();
    close(to, GONE);
    close(from, GONE);
  });
}

/**
 * Closes a WebSocket that is open.
 *
 * @param {WebSocket} socket
 * @param {number} code
 * @param {string} [reason]
 */
function close(socket, code, reason) {
  try {
    // 1005 means that the frame had no code; the others are never in a frame
    if (code === 1005) socket.close();
    else if ([1004, 1006, 1015].includes(code)) socket.close(GONE);
    else socket.close(code, reason);
  } catch {
    // closed already, or a code that the runtime does not send
    closeAnyway(socket);
  }
}

function closeAnyway(/** @type {WebSocket} */ socket) {
  try {
    socket.close(GONE);
  } catch {
    // closed already
  }
}

/**
 * Calls a function at a time.
 *
 * @param {number} time seconds since 1970
 * @param {() => void} action
 * @returns {() => void} cancels the call
 */
function endAt(time, action) {
  let timer;
  const wait = () => {
    const left = Math.max(0, time * 1000 - Date.now());
    timer = setTimeout(left > LONGEST_TIMER ? wait : action, Math.min(left, LONGEST_TIMER));
  };
  wait();
  return () => clearTimeout(timer);
}

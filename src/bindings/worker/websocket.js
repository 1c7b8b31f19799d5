// WebSockets that end with their token. A WebSocket is otherwise the runtime's to pass through: only one that
// has an end goes through here, message by message.

/** Why the edge ends a WebSocket: of the codes that applications may choose (RFC 6455, section 7.4.2). */
const EXPIRED = 4401;
const REASON = "token expired";

/** What stands for the other side's end where it may not be sent (RFC 6455, section 7.4.1). */
const GONE = 1011;

/** Milliseconds; a timer that is set for longer goes off at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * The same answer, with a WebSocket that ends at that time.
 *
 * @param {Response} answer to a handshake, with the origin's WebSocket
 * @param {number} endsAt seconds since 1970
 */
export function endingAt(answer, endsAt) {
  const origin = answer.webSocket;
  const [client, edge] = Object.values(new WebSocketPair());
  // before any message can come
  const stop = endAt(endsAt, () => {
    for (const socket of [edge, origin]) close(socket, EXPIRED, REASON);
  });
  passOn(edge, origin, stop);
  passOn(origin, edge, stop);
  for (const socket of [edge, origin]) {
    socket.binaryType = "arraybuffer";
    socket.accept();
  }
  return new Response(null, { status: 101, headers: answer.headers, webSocket: client });
}

/**
 * @param {WebSocket} from
 * @param {WebSocket} to
 * @param {() => void} stop
 */
function passOn(from, to, stop) {
  from.addEventListener("message", ({ data }) => {
    try {
      to.send(data);
    } catch {
      // closed meanwhile; its own event says so
    }
  });
  from.addEventListener("close", ({ code, reason }) => {
    stop();
    close(to, code, reason);
    // the close that came is answered, if the runtime has not done so
    close(from, code, reason);
  });
  from.addEventListener("error", () => {
    stop();
    close(to, GONE);
    close(from, GONE);
  });
}

/**
 * Closes a WebSocket, unless it is closed.
 *
 * @param {WebSocket} socket
 * @param {number} code
 * @param {string} [reason]
 */
function close(socket, code, reason) {
  try {
    // 1005 means that no code was sent; the others stand for what no frame has said
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
 * Does something at a time, unless it is stopped before.
 *
 * @param {number} time seconds since 1970
 * @param {() => void} action
 * @returns {() => void} what stops it
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

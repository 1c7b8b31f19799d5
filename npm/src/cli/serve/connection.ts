/** A connection to workerd, which carries that of a client. */
import { Socket } from "node:net";

/** Milliseconds for a client to close a connection that workerd has closed. */
const CLOSING = 5_000;
/** Milliseconds for a client to take some of the bytes that wait for it. */
const PATIENCE = 60_000;

type Done = (error?: Error | null) => void;

/**
 * A connection to a process. workerd can respond and close before it has read all of a request.
 * Then the rest of the request is dropped, and the response still reaches the client: a socket of
 * Node would drop what it has not read when it cannot write.
 */
export class Connection extends Socket {
  #isBroken = false;

  /** @param path the Unix socket on which the process listens */
  constructor(path: string) {
    super({ allowHalfOpen: true });
    this.connect({ path });
  }

  /**
   * Passes the bytes of a client on, and back, until one of both closes, or the client takes none
   * of those that wait for it.
   *
   * @param patience milliseconds until the client must have taken some; at most twice as many
   */
  join(client: Socket, patience = PATIENCE): void {
    if (client.destroyed) {
      this.destroy();
      return;
    }
    const timer = setInterval(stallCheck(client), patience);
    client.once("close", () => {
      clearInterval(timer);
      this.destroy();
    });
    // a client that is gone also only sends its end, and workerd would wait for the response
    client.once("end", () => this.destroy());
    // "finish" is after the last byte of workerd
    client.once("finish", () => {
      const timer = setTimeout(() => client.destroy(), CLOSING);
      client.once("close", () => clearTimeout(timer));
    });
    client.pipe(this);
    this.pipe(client);
    // after those of the pipes, which pause the client
    this.once("close", () => {
      client.end();
      // it may read the response only after it has sent its request
      client.resume();
    });
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: Done): void {
    if (this.#isBroken) done();
    else super._write(chunk, encoding, this.#noting(done));
  }

  override _writev(chunks: { chunk: Buffer; encoding: BufferEncoding }[], done: Done): void {
    if (this.#isBroken) done();
    else super._writev?.(chunks, this.#noting(done));
  }

  #noting(done: Done): Done {
    return (error) => {
      if (error) this.#isBroken = true;
      done();
    };
  }
}

/**
 * Makes a function that ends the connection of a client if bytes wait for it, and it has taken none
 * since the last call. A connection for which no bytes wait is idle, and may be that.
 */
function stallCheck(client: Socket): () => void {
  let last: number | undefined;
  return () => {
    const waiting = client.writableLength;
    const taken = waiting > 0 ? client.bytesWritten - waiting : undefined;
    if (taken !== undefined && taken === last) client.destroy();
    last = taken;
  };
}

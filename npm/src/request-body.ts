/**
 * The body of a request, which may have been read and parsed already.
 *
 * @returns `null` if the request has no body, or one whose bytes are not known
 * @internal
 */
export function bodyOf(request: object): ReadableStream<Uint8Array> | null {
  const { body } = request as { body?: unknown };
  if (isStream(body)) return body;
  if (typeof body === "string") return streamOf(new TextEncoder().encode(body));
  if (body instanceof Uint8Array) return streamOf(body);
  if (isNodeStream(request)) return fromNode(request);
  // `express.urlencoded` leaves the fields of a form
  if (typeof body === "object" && body !== null) {
    return bodyOf({ body: new URLSearchParams(body as Record<string, string>).toString() });
  }
  return null;
}

/** Also that of another realm: a sandbox has its own class. */
function isStream(body: unknown): body is ReadableStream<Uint8Array> {
  return typeof (body as Partial<ReadableStream> | null | undefined)?.getReader === "function";
}

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
}

/** A stream of Node that has not been read. */
interface NodeStream {
  readable: boolean;
  iterator(options: { destroyOnReturn: boolean }): AsyncIterator<Uint8Array>;
}

function isNodeStream(request: object): request is NodeStream {
  const { readable, iterator } = request as Partial<NodeStream>;
  return readable === true && typeof iterator === "function";
}

function fromNode(request: NodeStream): ReadableStream<Uint8Array> {
  // the response still needs the connection
  const chunks = request.iterator({ destroyOnReturn: false });
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await chunks.return?.();
      },
    },
    // reads nothing before it is asked
    { highWaterMark: 0 },
  );
}

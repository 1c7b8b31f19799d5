import type { Readable, Writable } from "node:stream";

/** The most characters of a message: a call with a token and its options is much shorter. */
const MAX_LINE = 128 * 1024;

/**
 * Serves the MCP transport over standard streams: one JSON message per line. It returns when the
 * input has ended and all responses are written.
 *
 * @param handle makes the response to a line, or none. It receives `undefined` for a line that is
 *   too long
 */
export async function serveLines(
  input: Readable,
  output: Writable,
  handle: (line: string | undefined) => Promise<string | undefined>,
): Promise<void> {
  const calls = new Set<Promise<void>>();
  for await (const line of lines(input)) {
    const call = handle(line).then((response) => {
      if (response !== undefined) output.write(`${response}\n`);
    });
    calls.add(call);
    call.finally(() => calls.delete(call));
  }
  await Promise.all(calls);
}

/** The lines of a stream; `undefined` for a line that is too long. */
async function* lines(input: Readable): AsyncGenerator<string | undefined> {
  let line = "";
  let isTooLong = false;
  for await (const chunk of input.setEncoding("utf8")) {
    for (const [i, part] of (chunk as string).split("\n").entries()) {
      if (i > 0) {
        if (isTooLong || line.trim() !== "") yield isTooLong ? undefined : line;
        line = "";
        isTooLong = false;
      }
      isTooLong ||= line.length + part.length > MAX_LINE;
      line = isTooLong ? "" : line + part;
    }
  }
  if (isTooLong || line.trim() !== "") yield isTooLong ? undefined : line;
}

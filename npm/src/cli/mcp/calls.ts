import { Input } from "./parameters.ts";
import type { Output, Tool } from "./tool.ts";
import { ToolError } from "./tool-error.ts";
import { bounded } from "./untrusted.ts";

/** The most calls in a minute, and at one time. An assistant may repeat a call without end. */
const MAX_CALLS = 60;
const MAX_CONCURRENT = 8;
const MINUTE = 60_000;
/** The most characters of a result. */
const MAX_RESULT = 32_000;

/** Calls tools, within limits, and makes their results fit for an assistant. */
export class Calls {
  /** When the calls of the last minute began, in milliseconds. */
  #begun: number[] = [];
  #running = 0;

  /** The result of a call, as the protocol's `CallToolResult`. */
  async call(tool: Tool, args: Record<string, unknown>): Promise<Record<string, unknown>> {
    const secret = typeof args.token === "string" ? args.token : undefined;
    const { isError = false, value } = await this.#output(tool, args);
    const result = bounded(value, secret);
    const text = JSON.stringify(result, null, 2);
    if (text.length > MAX_RESULT) return failed("result_too_large", "the result is too large");
    return toolResult(text, result, isError);
  }

  async #output(tool: Tool, args: Record<string, unknown>): Promise<Output> {
    try {
      this.#admit();
      this.#running++;
      try {
        return await tool.run(Input.read(tool.parameters, args));
      } finally {
        this.#running--;
      }
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      return { isError: true, value: { ok: false, code: error.code, detail: error.message } };
    }
  }

  /** @throws {ToolError} if there are too many calls */
  #admit(): void {
    const now = performance.now();
    this.#begun = this.#begun.filter((begun) => begun > now - MINUTE);
    if (this.#begun.length >= MAX_CALLS || this.#running >= MAX_CONCURRENT) {
      const text = `at most ${MAX_CALLS} calls in a minute, and ${MAX_CONCURRENT} at one time`;
      throw new ToolError("rate_limited", `${text}: wait, then call again`);
    }
    this.#begun.push(now);
  }
}

function failed(code: string, detail: string): Record<string, unknown> {
  const value = { ok: false, code, detail };
  const text = JSON.stringify(value, null, 2);
  return toolResult(text, value, true);
}

function toolResult(text: string, value: object, isError: boolean): Record<string, unknown> {
  return { content: [{ type: "text", text }], structuredContent: value, isError };
}

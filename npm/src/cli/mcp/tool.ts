import type { Input, Parameters } from "./parameters.ts";

/** A tool that a client can call. */
export interface Tool {
  name: string;
  title: string;
  /** What the tool does, for the assistant. */
  description: string;
  parameters: Parameters;
  /** Whether the tool sends requests. */
  isOnline: boolean;
  /**
   * Runs the tool.
   *
   * @throws {ToolError} if the tool cannot do what it is for
   */
  run(input: Input): Promise<Output>;
}

/** The result of a call: an object for the assistant. */
export interface Output {
  /** Whether the tool could not do what it is for, such as without keys. */
  isError?: boolean;
  value: Record<string, unknown>;
}

/** A tool cannot do what it is for. The message tells the assistant what to change. */
export class ToolError extends Error {
  override name = "ToolError";
  /** `invalid_argument`, `url_not_allowed`, or a code of docs/errors.md. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

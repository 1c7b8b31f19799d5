import { codes, explain } from "../explanations.ts";
import type { Input } from "./parameters.ts";
import type { Output, Tool } from "./tool.ts";
import { ToolError } from "./tool-error.ts";

/** The tool `explain`: what an error code means, and what to do. */
export const explainTool: Tool = {
  name: "explain",
  title: "Explain an error code",
  description:
    "Explains an error code of better-auth-edge, such as audience_mismatch: meaning, usual causes and cure. " +
    "Without a code, lists all codes.",
  parameters: {
    code: { type: "text", description: "the member `code` of a problem response", maxLength: 40 },
  },
  isOnline: false,
  async run(input: Input): Promise<Output> {
    const code = input.text("code");
    if (code === undefined) {
      const all = codes().map((code) => ({ code, title: explain(code)?.title }));
      return { value: { codes: all } };
    }
    const explanation = explain(code);
    if (!explanation) {
      const text = "code is not an error code: call explain without it to list all codes";
      throw new ToolError("invalid_argument", text);
    }
    return { value: { code, ...explanation } };
  },
};

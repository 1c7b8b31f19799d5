import { output, paragraph } from "./terminal.ts";

/** How a check ended, or how bad something is. */
export type Level = "ok" | "info" | "warning" | "failure";

/** A line with its mark, and what the line says of it in words: colours alone say nothing to many. */
export function marked(level: Level, text: string): string {
  const { sign, colour } = MARKS[level];
  return `  ${colour(sign)} ${paragraph(text, 4).trimStart()}`;
}

const MARKS: Record<Level, { sign: string; colour: (text: string) => string }> = {
  ok: { sign: "✓", colour: output.green },
  info: { sign: "·", colour: output.dim },
  warning: { sign: "!", colour: output.yellow },
  failure: { sign: "✗", colour: output.red },
};

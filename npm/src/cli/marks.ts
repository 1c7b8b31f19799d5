import { outputColors, paragraph } from "./terminal.ts";

/** The result of a check, or the severity of a note. */
export type Level = "ok" | "info" | "warning" | "failure";

/** Formats a line with the mark of its level. Not only a color: some readers see none. */
export function marked(level: Level, text: string): string {
  const { sign, color } = MARKS[level];
  return `  ${color(sign)} ${paragraph(text, 4).trimStart()}`;
}

const MARKS: Record<Level, { sign: string; color: (text: string) => string }> = {
  ok: { sign: "✓", color: outputColors.green },
  info: { sign: "·", color: outputColors.dim },
  warning: { sign: "!", color: outputColors.yellow },
  failure: { sign: "✗", color: outputColors.red },
};

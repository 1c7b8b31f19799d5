/** The quick starts of README.md, as steps. */
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Block, blocksOf, ROOT } from "../documents.ts";
import { type Place, type Running, shell, shellServer } from "../shell.process.ts";

/**
 * The blocks of a quick start, in their order: those before its first subsection, and those of one
 * subsection.
 */
export function quickStart(title: string, subsection?: string): Block[] {
  const text = section(
    readFileSync(join(ROOT, "README.md"), "utf8"),
    `## Quick start: ${title}`,
    2,
  );
  const [common = ""] = text.split(/^### /m);
  const more = subsection === undefined ? "" : section(text, `### ${subsection}`, 3);
  return blocksOf("README.md", common + more);
}

/** The text below a heading, up to the next one of the same level or above. */
function section(text: string, heading: string, level: number): string {
  const [, below] = text.split(`\n${heading}\n`);
  if (below === undefined) throw new Error(`README.md has no ${heading}`);
  return below.split(new RegExp(`^#{2,${level}} `, "m"))[0] ?? "";
}

/** How the steps are played. */
export interface Playing {
  /** Changes the text of a block: its URLs and the versions of packages. */
  adapt(text: string): string;
  /** Whether the server that a block has started is ready. */
  isReady(): Promise<boolean>;
}

/** Plays steps in a folder. The disposal ends the servers that they have started. */
export async function play(
  place: Place,
  steps: Block[],
  { adapt, isReady }: Playing,
): Promise<AsyncDisposable> {
  const running: Running[] = [];
  const stop = async () => {
    for (const server of running) await server[Symbol.asyncDispose]();
  };
  try {
    for (const { language, text } of steps) {
      const [, file] = /^(?:\/\/|#) ([\w./-]+\.\w+)\b/.exec(text) ?? [];
      if (language === "sh") {
        const [commands, server] = commandsOf(adapt(text));
        await shell(place, commands);
        // what the command does to the later ones
        if (/^\. \.venv\/bin\/activate$/m.test(commands)) {
          place.env.PATH = `${join(place.cwd, ".venv/bin")}:${place.env.PATH}`;
        }
        if (server !== undefined) running.push(await shellServer(place, server, isReady));
      } else if (file !== undefined) {
        await writeFile(join(place.cwd, file), text);
      }
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { [Symbol.asyncDispose]: stop };
}

/** Commands that run until the user stops them. */
const SERVER = /\b(better-auth-edge (dev|serve)|wrangler dev|npm run dev|uvicorn \w+:app)\b/;

/** The commands of a block, and the server that the last one starts. */
function commandsOf(text: string): [commands: string, server: string | undefined] {
  const lines = text
    .trim()
    .replaceAll(/\\\n\s*/g, "")
    .split("\n");
  const isServer = SERVER.test(lines.at(-1) ?? "");
  return isServer ? [lines.slice(0, -1).join("\n"), lines.at(-1)] : [lines.join("\n"), undefined];
}

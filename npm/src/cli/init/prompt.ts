import { createInterface, type Interface } from "node:readline/promises";
import { UsageError } from "../arguments.ts";
import { outputColors, print } from "../terminal.ts";

/** The user has pressed Ctrl-C or Ctrl-D. */
export class Cancelled extends Error {
  override name = "Cancelled";
}

/** Asks questions on the terminal. */
export class Prompt {
  readonly #lines: Interface;
  readonly #end = new AbortController();

  constructor() {
    this.#lines = createInterface({ input: process.stdin, output: process.stdout });
    const end = () => this.#end.abort();
    this.#lines.once("SIGINT", end).once("close", end);
  }

  /** Ends the input, so that the process can exit. */
  close(): void {
    this.#lines.close();
  }

  /**
   * Asks until the text has the right form.
   *
   * @param fallback the answer of a user who presses only Enter
   * @param parse throws a `UsageError` for a wrong text
   * @throws {Cancelled} if the user ends the input
   */
  async ask<T>(question: string, fallback: string, parse: (text: string) => T): Promise<T> {
    const text = `${outputColors.bold(question)} ${outputColors.dim(`(${fallback})`)} `;
    for (;;) {
      const answer = await this.#read(text);
      const parsed = attempt(() => parse(answer || fallback));
      if (parsed) return parsed.value;
    }
  }

  /** Asks as `ask` does, and returns `undefined` for an empty answer. */
  async askOptional<T>(question: string, parse: (text: string) => T): Promise<T | undefined> {
    for (;;) {
      const answer = await this.#read(`${outputColors.bold(question)} `);
      if (answer === "") return undefined;
      const parsed = attempt(() => parse(answer));
      if (parsed) return parsed.value;
    }
  }

  /** Asks a question of yes and no; Enter means yes. */
  async confirm(question: string): Promise<boolean> {
    for (;;) {
      const answer = await this.#read(
        `${outputColors.bold(question)} ${outputColors.dim("(Y/n)")} `,
      );
      if (/^(y|yes|)$/i.test(answer)) return true;
      if (/^(n|no)$/i.test(answer)) return false;
    }
  }

  async #read(question: string): Promise<string> {
    const { signal } = this.#end;
    if (signal.aborted) throw new Cancelled();
    try {
      return (await this.#lines.question(question, { signal })).trim();
    } catch (error) {
      throw signal.aborted ? new Cancelled() : error;
    }
  }
}

function attempt<T>(parse: () => T): { value: T } | undefined {
  try {
    return { value: parse() };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    print(outputColors.red(error.message));
    return undefined;
  }
}

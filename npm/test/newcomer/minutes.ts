/** How long each way takes, on each Node, as a table. */
export class Minutes {
  readonly #columns: string[];
  readonly #rows = new Map<string, Map<string, number>>();

  constructor(columns: string[]) {
    this.#columns = columns;
  }

  /** Starts to measure. Returns a function that ends it. */
  start(way: string, column: string): () => void {
    const started = performance.now();
    return () => {
      const row = this.#rows.get(way) ?? new Map();
      this.#rows.set(way, row.set(column, (performance.now() - started) / 1000));
    };
  }

  /** The table. A way that was not completed has no time. */
  table(): string {
    const lines = [...this.#rows].map(([way, row]) => [
      way,
      ...this.#columns.map((column) => formatted(row.get(column))),
    ]);
    const text = [["minutes:seconds", ...this.#columns], ...lines].map(([way = "", ...times]) =>
      [way.padEnd(28), ...times.map((time) => time.padStart(9))].join(""),
    );
    return text.join("\n");
  }
}

function formatted(seconds: number | undefined): string {
  if (seconds === undefined) return "";
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

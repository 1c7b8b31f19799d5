import { ToolError } from "./tool-error.ts";

/** A parameter of a tool. */
export interface Parameter {
  type: "text" | "list" | "seconds";
  description: string;
  isRequired?: boolean;
  /** The most characters of a text; default: 2048. */
  maxLength?: number;
}

/** The parameters of a tool, by their names. */
export type Parameters = Record<string, Parameter>;

const MAX_LENGTH = 2_048;
const MAX_ITEMS = 20;
/** Seconds. */
const MAX_SECONDS = 999_999_999;

/** The parameters as JSON Schema (2020-12). */
export function schemaOf(parameters: Parameters): object {
  const required = Object.keys(parameters).filter((name) => parameters[name]?.isRequired);
  return {
    type: "object",
    properties: Object.fromEntries(
      Object.entries(parameters).map(([name, parameter]) => [name, propertyOf(parameter)]),
    ),
    ...(required.length > 0 ? { required } : {}),
    additionalProperties: false,
  };
}

function propertyOf({ type, description, maxLength = MAX_LENGTH }: Parameter): object {
  const text = { type: "string", minLength: 1, maxLength };
  switch (type) {
    case "text":
      return { ...text, description };
    case "list":
      return { type: "array", items: text, minItems: 1, maxItems: MAX_ITEMS, description };
    case "seconds":
      return { type: "integer", minimum: 0, maximum: MAX_SECONDS, description };
  }
}

/** The valid arguments of a call. */
export class Input {
  readonly #values: Map<string, unknown>;

  private constructor(values: Map<string, unknown>) {
    this.#values = values;
  }

  /**
   * Validates the arguments of a call.
   *
   * @throws {ToolError} if one is unknown, missing or invalid. The message repeats no value
   */
  static read(parameters: Parameters, args: Record<string, unknown>): Input {
    const names = Object.keys(parameters);
    const unknown = Object.keys(args).find((name) => !names.includes(name));
    if (unknown !== undefined) {
      // a long name may be a misplaced token
      const shown = /^[\w-]{1,20}$/.test(unknown) ? `the argument ${unknown}` : "an argument";
      throw invalid(`${shown} does not exist: the arguments are ${names.join(", ")}`);
    }
    const values = new Map<string, unknown>();
    for (const [name, parameter] of Object.entries(parameters)) {
      const value = Object.hasOwn(args, name) ? (args[name] ?? undefined) : undefined;
      if (value === undefined && parameter.isRequired) throw invalid(`${name} is missing`);
      if (value === undefined) continue;
      if (!isValid(parameter, value)) throw invalid(`${name} is not ${expected(parameter)}`);
      values.set(name, value);
    }
    return new Input(values);
  }

  /** The value of a parameter of type `text`. */
  text(name: string): string | undefined {
    return this.#values.get(name) as string | undefined;
  }

  /** The value of a required parameter of type `text`. */
  required(name: string): string {
    return this.text(name) ?? "";
  }

  /** The value of a parameter of type `list`. */
  list(name: string): string[] | undefined {
    return this.#values.get(name) as string[] | undefined;
  }

  /** The value of a parameter of type `seconds`. */
  seconds(name: string): number | undefined {
    return this.#values.get(name) as number | undefined;
  }
}

function isValid({ type, maxLength = MAX_LENGTH }: Parameter, value: unknown): boolean {
  const isText = (item: unknown) =>
    typeof item === "string" && item !== "" && item.length <= maxLength;
  switch (type) {
    case "text":
      return isText(value);
    case "list":
      return (
        Array.isArray(value) &&
        value.length > 0 &&
        value.length <= MAX_ITEMS &&
        value.every((item) => isText(item))
      );
    case "seconds":
      return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MAX_SECONDS;
  }
}

function expected({ type, maxLength = MAX_LENGTH }: Parameter): string {
  switch (type) {
    case "text":
      return `a text of 1 to ${maxLength} characters`;
    case "list":
      return `an array of 1 to ${MAX_ITEMS} texts, each of 1 to ${maxLength} characters`;
    case "seconds":
      return "a whole number of seconds";
  }
}

function invalid(message: string): ToolError {
  return new ToolError("invalid_argument", message);
}

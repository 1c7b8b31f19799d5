import { readUrl, UsageError } from "../arguments.ts";
import { ToolError } from "./tool-error.ts";

/**
 * The origins that the tools may call: this machine, and those that the operator named.
 *
 * The assistant chooses the URLs, and may follow hostile text that it has read. A URL can carry
 * data to any server that the tools may call, and can reach services that trust the network.
 */
export class AllowedOrigins {
  /** The origins that the operator named. */
  readonly named: string[];

  private constructor(named: string[]) {
    this.named = named;
  }

  /**
   * Parses the values of `--allow`.
   *
   * @throws {UsageError} if one of them is not an origin
   */
  static parse(values: string[]): AllowedOrigins {
    const origins = values.map((value) => {
      const url = readUrl(value, "--allow");
      if (url.pathname === "/" && url.search === "" && url.hash === "") return url.origin;
      throw new UsageError("--allow names an origin: scheme, host and port, without a path");
    });
    return new AllowedOrigins([...new Set(origins)]);
  }

  /**
   * Parses a URL that a tool is to call.
   *
   * @param name the tool's parameter, for the message
   * @throws {ToolError} if it is not a URL, has a query, or its origin is not allowed. The message
   *   does not repeat it, because it may contain a secret
   */
  read(value: string, name: string): URL {
    const url = readHttpUrl(value, name);
    if (url.search !== "" || url.hash !== "") {
      throw new ToolError("invalid_argument", `${name} has a query or a fragment: remove it`);
    }
    if (isLoopback(url) || this.named.includes(url.origin)) return url;
    const others = this.named.length === 0 ? "" : `, ${this.named.join(", ")}`;
    throw new ToolError(
      "url_not_allowed",
      `${name} names an origin that this server may not call. It may call localhost${others}. ` +
        "Only the user can add an origin, with --allow in the configuration of this MCP server.",
    );
  }
}

/**
 * Parses a parameter as an http(s) URL.
 *
 * @throws {ToolError} if it is not one
 */
export function readHttpUrl(value: string, name: string): URL {
  try {
    return readUrl(value, name);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new ToolError("invalid_argument", error.message);
  }
}

/** Whether the host is this machine. The URL parser has normalized forms such as `127.1`. */
function isLoopback({ hostname }: URL): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}

import { type Command, UsageError } from "../arguments.ts";
import { version } from "../version.ts";
import { AllowedOrigins } from "./allowed-origins.ts";
import { Protocol } from "./protocol.ts";
import { serveLines } from "./stdio.ts";
import { tools } from "./tools.ts";

/** `mcp`: offers the commands that read to a coding assistant, by the Model Context Protocol. */
export const mcp: Command = {
  summary: "offers verify, jwks, doctor and explain to a coding assistant (MCP)",
  options: { allow: "values" },
  help: `Offers verify, jwks, doctor and explain as tools to a coding assistant, by the Model Context
Protocol on standard input and output. The assistant's program starts the command.

The tools only read. They send requests to this machine (localhost, 127.0.0.1, [::1]) and to the
origins that --allow names, and to no others. No result repeats a token.

Usage: better-auth-edge mcp [--allow <origins>]

Options
  --allow <origins>  origins that the tools may call, comma-separated or repeated: scheme, host
                     and port, such as https://app.example.com
  -h, --help         show this help

Examples
  npx better-auth-edge mcp
  npx better-auth-edge mcp --allow https://app.example.com --allow https://edge.example.com
`,
  async run(args) {
    const origins = AllowedOrigins.parse(args.values("allow") ?? []);
    if (process.stdin.isTTY)
      throw new UsageError("standard input is a terminal, but an assistant starts this command");
    const protocol = new Protocol({ name: "better-auth-edge", version: version() }, tools(origins));
    await serveLines(process.stdin, process.stdout, (line) => protocol.handle(line));
    return 0;
  },
};

/** Runs `better-auth-edge mcp`, with the protocol's own client and with raw messages. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import {
  StdioClientTransport,
  type StdioServerParameters,
} from "@modelcontextprotocol/sdk/client/stdio.js";
import { PROGRAM } from "./cli.process.ts";

/** The result of a call. */
export interface Called {
  isError: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: the tests assert the shape
  value: any;
  /** The whole result as JSON. */
  text: string;
}

/** Starts the built server as an assistant does. */
export function connect(...args: string[]) {
  return connectTo({ command: process.execPath, args: [PROGRAM, "mcp", ...args] });
}

/** Starts a server by a command. */
export async function connectTo(server: StdioServerParameters) {
  const transport = new StdioClientTransport({ ...server, stderr: "inherit" });
  const client = new Client({ name: "test", version: "1.0.0" });
  await client.connect(transport);
  return {
    client,
    async call(name: string, input: Record<string, unknown>): Promise<Called> {
      const result = await client.callTool({ name, arguments: input });
      const text = JSON.stringify(result);
      return { isError: result.isError === true, value: result.structuredContent, text };
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
}

// biome-ignore lint/suspicious/noExplicitAny: the tests assert the shape
type Message = any;

/** Starts the server for raw messages. */
export function startRaw(...args: string[]) {
  const child: ChildProcess = spawn(process.execPath, [PROGRAM, "mcp", ...args], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  const { stdin, stdout, stderr } = child;
  if (!stdin || !stdout || !stderr) throw new Error("the process has no pipes");
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  let errors = "";
  stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const closed = once(child, "close");
  return {
    write: (line: string) => void stdin.write(`${line}\n`),
    send: (message: object) => void stdin.write(`${JSON.stringify(message)}\n`),
    /** The next message, which must be JSON. */
    async next(): Promise<Message> {
      const { value, done } = await lines.next();
      if (done) throw new Error(`the server ended: ${errors}`);
      return JSON.parse(value);
    },
    /** Closes standard input and returns the exit code, the messages that are left, and errors. */
    async end() {
      stdin.end();
      const rest: Message[] = [];
      for (let line = await lines.next(); !line.done; line = await lines.next()) {
        rest.push(JSON.parse(line.value));
      }
      const [code] = await closed;
      return { code, rest, stderr: errors };
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await closed;
    },
  };
}

/** A request of the revision 2026-07-28, which needs no earlier message. */
export function request(id: number | string, method: string, params: object = {}) {
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  return { jsonrpc: "2.0", id, method, params: { ...params, _meta } };
}

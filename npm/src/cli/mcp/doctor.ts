import { Arguments } from "../arguments.ts";
import { Deployment } from "../doctor/deployment.ts";
import { examine } from "../doctor/index.ts";
import { type AllowedOrigins, readHttpUrl } from "./allowed-origins.ts";
import type { Input } from "./parameters.ts";
import type { Output, Tool } from "./tool.ts";
import { ToolError } from "./tool-error.ts";
import { quoted } from "./untrusted.ts";

/** The tool `doctor`: checks a running deployment from outside. It cannot end a session. */
export function doctorTool(origins: AllowedOrigins): Tool {
  return {
    name: "doctor",
    title: "Check a deployment",
    description:
      "Checks a running edge (Worker or Next.js) from outside: settings, keys, clock, rejections, CORS, assertion. " +
      "Sends about ten requests, none with a valid token. Each failure and warning has a cure.",
    parameters: {
      url: { type: "text", description: "the edge's URL", isRequired: true },
      path: {
        type: "text",
        description:
          "a path that requires a token, such as /api/me; default: one that should not exist",
        maxLength: 300,
      },
      baseURL: {
        type: "text",
        description: "Better Auth's URL, to compare its keys with the edge's",
      },
      jwksUrl: {
        type: "text",
        description: "the URL of the keys, if they are not at Better Auth's default path",
      },
      origin: {
        type: "text",
        description:
          "the origin of the web pages, to check that CORS allows them; it is not called",
      },
    },
    isOnline: true,
    run: (input) => run(origins, input),
  };
}

async function run(origins: AllowedOrigins, input: Input): Promise<Output> {
  const url = origins.read(input.required("url"), "url");
  const path = input.text("path") ?? "/better-auth-edge-doctor";
  if (!/^\/(?!\/)[\x21-\x7e]*$/.test(path) || /[?#\\]/.test(path)) {
    throw new ToolError("invalid_argument", "path does not begin with one /, or has a query");
  }
  const options = new Map<string, string[]>();
  for (const [name, option] of [
    ["baseURL", "base-url"],
    ["jwksUrl", "jwks-url"],
  ] as const) {
    const value = input.text(name);
    if (value !== undefined) options.set(option, [origins.read(value, name).href]);
  }
  const page = input.text("origin");
  if (page !== undefined) options.set("origin", [readHttpUrl(page, "origin").origin]);
  const found = await examine(new Deployment(url, path), new Arguments(url.href, options));
  const ok = !found.some(({ level }) => level === "failure");
  const findings = found.map(({ check, level, text, cure }) => ({
    check,
    level,
    text: quoted(text, 400),
    ...(cure === undefined ? {} : { cure: quoted(cure, 600) }),
  }));
  return { value: { ok, url: url.origin, findings } };
}

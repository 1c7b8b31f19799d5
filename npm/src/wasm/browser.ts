import { EdgeAuthError } from "../error.ts";
import { sharedLoader } from "./loader.ts";

/** @internal */
export const load = sharedLoader(async () => {
  const url = new URL("../better_auth_edge.wasm", import.meta.url);
  const response = await fetch(url);
  const type = response.headers.get("content-type") ?? "";
  // development servers answer any path with a page
  if (!response.ok || type.startsWith("text/html")) {
    const message = `there is no wasm file at ${url}: the bundler of the page must copy it there`;
    throw new EdgeAuthError("misconfigured", 500, message);
  }
  // not every server knows the media type that streaming asks for
  return type === "application/wasm"
    ? WebAssembly.compileStreaming(response)
    : WebAssembly.compile(await response.arrayBuffer());
});

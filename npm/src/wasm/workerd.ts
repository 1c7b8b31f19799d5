// Cloudflare Workers compile a wasm file at deployment, and nothing at run time.
import module from "../better_auth_edge.wasm";
import { once } from "./once.ts";

/** @internal */
export const load = once((imports) => WebAssembly.instantiate(module, imports));

// Vercel's and Next's edge runtime have `?module` for what Workers do without. The module may be of
// another realm than `WebAssembly`.
import module from "../better_auth_edge.wasm?module";
import { once } from "./once.ts";

/** @internal */
export const load = once((imports) => WebAssembly.instantiate(module, imports));

// Vercel's and Next's edge runtime have `?module` for what Workers do without. The module may be of
// another realm than `WebAssembly`.
import module from "../better_auth_edge.wasm?module";
import { loader } from "./loader.ts";

/** @internal */
export const load = loader(() => module);
